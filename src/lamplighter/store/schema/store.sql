-- What the engine does at a later time. A service has one timer for each subject and name.
CREATE TABLE timers (
    service TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    due INTEGER NOT NULL,           -- milliseconds since the epoch
    steady_clock INTEGER NOT NULL,  -- 1: due is a time of the steady clock; 0: of the wall clock
    PRIMARY KEY (service, subject, name)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (steady_clock, due);

-- One row: the difference between the wall clock and the steady clock, in milliseconds.
CREATE TABLE clock_jump (
    jump INTEGER NOT NULL
);
INSERT INTO clock_jump VALUES (0);

-- Requests to the outside world, each committed with the step that wants it and deleted after it was carried out.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    body TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',  -- what the request belongs to; may be empty
    created INTEGER                    -- milliseconds since the epoch
);
CREATE INDEX outbox_by_age ON outbox (created);

-- One row: the id of this engine, which labels its containers.
CREATE TABLE engine (
    name TEXT NOT NULL
);

-- The number of rows in each status. Triggers keep it, because metrics ask often and counting is slow.
CREATE TABLE row_counts (
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, status)
) WITHOUT ROWID;

-- Faults of job files.
CREATE TABLE file_faults (
    file TEXT NOT NULL,
    kind TEXT NOT NULL,      -- unapplied: not all of the file is in effect; channels: some of its channels cannot work
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,  -- milliseconds since the epoch
    alerted INTEGER,         -- when the alert was sent; NULL: not yet
    alerted_subjects TEXT NOT NULL, -- what of the file the alert was about, a line for each
    PRIMARY KEY (file, kind)
) WITHOUT ROWID;

-- One row if a job file sets for how long ended things are kept. NULL: the default.
CREATE TABLE retention_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    runs INTEGER,    -- milliseconds, as output and mails
    output INTEGER,
    mails INTEGER,
    slots INTEGER,   -- rows of each schedule
    audit INTEGER    -- milliseconds
);

-- Which versions of this program used the database.
CREATE TABLE program_versions (
    version TEXT PRIMARY KEY,
    opened INTEGER NOT NULL  -- when it opened the database after another version, in milliseconds since the epoch
) WITHOUT ROWID;

-- The backups from which the database was restored.
CREATE TABLE restores (
    id INTEGER PRIMARY KEY,
    backup INTEGER NOT NULL,     -- when the backup was made, in milliseconds since the epoch
    restored INTEGER NOT NULL,   -- when it was restored
    examined INTEGER,            -- when an engine compared it with what runs; NULL: not yet
    lost_tasks TEXT,        -- a list: running tasks whose containers no longer exist
    unknown_containers TEXT      -- a list: containers that are newer than the backup
);

-- Who did what.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,    -- milliseconds since the epoch
    who TEXT NOT NULL,        -- a user, or a section of the credentials file; may be empty
    how TEXT NOT NULL,        -- console, key, link or file
    address TEXT NOT NULL,    -- where the request came from; may be empty
    action TEXT NOT NULL,     -- in words
    resource TEXT NOT NULL,   -- an ARN, URL or name; may be empty
    outcome TEXT NOT NULL     -- done, or the code of the error
);
CREATE INDEX audit_log_by_time ON audit_log (time);

-- How many entries of the audit log each caller has caused in an hour; only those for which nobody needs a right.
CREATE TABLE audit_limits (
    who TEXT NOT NULL,
    how TEXT NOT NULL,
    kind TEXT NOT NULL,       -- such as "refused calls"
    hour INTEGER NOT NULL,    -- hours since the epoch
    number INTEGER NOT NULL,
    further_entry INTEGER,    -- the entry that counts what is over the limit; NULL: none yet
    PRIMARY KEY (who, how, kind)
) WITHOUT ROWID;

-- The users that the engine has seen in its users file, so that changes of the file become rows of the audit log.
CREATE TABLE seen_users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_digest TEXT NOT NULL  -- SHA-256 of the hash in the file
) WITHOUT ROWID;

-- Its only row names the key of the secrets (store/encryption.py), so that no other key takes the place of a lost one.
CREATE TABLE secrets_key (fingerprint TEXT NOT NULL);

-- Its only row is the key from which the secrets of temporary credentials are derived.
CREATE TABLE session_key (key TEXT NOT NULL);
