CREATE TABLE schedule_groups (
    arn TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schedules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a later schedule of the same name is another one
    arn TEXT NOT NULL UNIQUE,              -- …:schedule/group/name; lists are in its order
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    anchor INTEGER NOT NULL,               -- a rate counts from here; milliseconds since the epoch
    body TEXT NOT NULL,                    -- everything else, in the form of the API
    missed TEXT NOT NULL DEFAULT 'last',   -- what happens with slots that were due while no engine ran: all, last, none
    recorded INTEGER NOT NULL DEFAULT 0,   -- the number of its rows in slots
    within INTEGER,                        -- for how many seconds a missed slot may run; NULL: the target's maximum
    annotation TEXT,                       -- the job of the job file, and the topics for dropped slots, as JSON
    starts TEXT NOT NULL DEFAULT ''        -- the ARN of the state machine that it starts; else that of its target
);
CREATE INDEX schedules_by_state ON schedules (state, arn);
CREATE INDEX schedules_by_start ON schedules (starts, id);

-- The times at which a schedule was due, and what happened then.
CREATE TABLE slots (
    schedule INTEGER NOT NULL,
    slot INTEGER NOT NULL,   -- milliseconds since the epoch
    until INTEGER NOT NULL,  -- the last of several slots that were missed in a row; else the slot itself
    count INTEGER NOT NULL,  -- the number of those slots
    due INTEGER NOT NULL,    -- when it fires: after the slot, if the schedule has a flexible time window
    fired INTEGER,
    outcome TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (schedule, slot)
) WITHOUT ROWID;
CREATE INDEX slots_by_fired ON slots (fired) WHERE fired IS NOT NULL;

-- Slots that did not run and that no alert has reported yet.
CREATE TABLE dropped_slots (
    owner TEXT NOT NULL,     -- slots of the same owner share an alert: a job, or a schedule that belongs to none
    schedule TEXT NOT NULL,  -- its ARN
    slot INTEGER NOT NULL,   -- milliseconds since the epoch
    until INTEGER NOT NULL,  -- the last of several slots that were dropped in a row; else the slot itself
    count INTEGER NOT NULL,
    zone TEXT NOT NULL,
    reason TEXT NOT NULL,
    annotation TEXT,
    PRIMARY KEY (owner, schedule, slot)
) WITHOUT ROWID;

-- Client tokens and the answers that their requests got.
CREATE TABLE scheduler_client_tokens (
    owner TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT NOT NULL,  -- a digest
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (owner, token)
) WITHOUT ROWID;
CREATE INDEX scheduler_client_tokens_by_age ON scheduler_client_tokens (at);

-- How many slots of all schedules that start the same thing were ever dropped. Its rows stay when schedules are deleted.
CREATE TABLE dropped_totals (
    starts TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;
