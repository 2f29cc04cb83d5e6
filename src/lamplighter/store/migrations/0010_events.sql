-- Deliveries: calls to send to a target.

CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,          -- the service whose letter it is
    key TEXT NOT NULL,             -- the sender's name for it, which never repeats
    born INTEGER NOT NULL,         -- milliseconds since the epoch, by the steady clock: from when its age counts
    tries INTEGER NOT NULL,        -- how often it was tried
    settled INTEGER,               -- when it was over, in milliseconds since the epoch
    outcome TEXT,                  -- and how
    body TEXT NOT NULL,            -- the letter; nothing once it is over
    UNIQUE (sender, key)
);
CREATE INDEX letters_waiting ON letters (sender, born) WHERE settled IS NULL;
CREATE INDEX letters_settled ON letters (settled) WHERE settled IS NOT NULL;

-- EventBridge.

CREATE TABLE event_resources (
    kind TEXT NOT NULL,            -- bus, rule, archive, replay, connection, api-destination
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    scope TEXT NOT NULL,           -- of a rule: its bus
    name TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, scope, name)
) WITHOUT ROWID;

CREATE TABLE event_targets (
    rule TEXT NOT NULL,
    id TEXT NOT NULL,
    arn TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rule, id)
) WITHOUT ROWID;
CREATE INDEX event_targets_by_arn ON event_targets (arn, rule);

CREATE TABLE event_rulebook (
    version TEXT NOT NULL          -- another one after every change to what events are matched with
);
INSERT INTO event_rulebook (version) VALUES ('');

CREATE TABLE archived_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    archive TEXT NOT NULL,
    time INTEGER NOT NULL,         -- when it came, in milliseconds since the epoch
    body TEXT NOT NULL
);
CREATE INDEX archived_events_by_time ON archived_events (archive, time, id);
