-- EventBridge Scheduler.

CREATE TABLE schedule_groups (
    arn TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schedules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never repeats: one of the same name that is made later is another
    arn TEXT NOT NULL UNIQUE,      -- …:schedule/group/name, by which lists are paged
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    anchor INTEGER NOT NULL,       -- from when a rate counts, in milliseconds since the epoch
    body TEXT NOT NULL,            -- everything else, as the API has it
    missed TEXT NOT NULL DEFAULT 'last',   -- what is done with slots that came while no engine ran: all, last, none
    recorded INTEGER NOT NULL DEFAULT 0    -- how many rows of slots there are
);
CREATE INDEX schedules_by_state ON schedules (state, arn);

CREATE TABLE slots (               -- each time at which a schedule was to run, and what came of it
    schedule INTEGER NOT NULL,
    slot INTEGER NOT NULL,         -- milliseconds since the epoch
    until INTEGER NOT NULL,        -- the last of a run of slots that were missed together; else the slot itself
    count INTEGER NOT NULL,        -- how many they are
    due INTEGER NOT NULL,          -- when it was to fire: later than the slot, in a flexible time window
    fired INTEGER,
    outcome TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (schedule, slot)
) WITHOUT ROWID;

CREATE TABLE scheduler_requests (  -- what was answered, by the client token of the request
    owner TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT NOT NULL,         -- a digest
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (owner, token)
) WITHOUT ROWID;
CREATE INDEX scheduler_requests_by_age ON scheduler_requests (at);
