-- Slots for which no target was called, and the topics to alert.

ALTER TABLE schedules ADD COLUMN mark TEXT;   -- which job of a job file it starts, and its channels for did-not-start

CREATE TABLE dropped_slots (       -- nobody has been told of these yet
    owner TEXT NOT NULL,           -- what they are told of together: a job, or a schedule that belongs to none
    schedule TEXT NOT NULL,        -- its ARN
    slot INTEGER NOT NULL,         -- milliseconds since the epoch
    until INTEGER NOT NULL,        -- the last of several slots that were dropped together; else the slot itself
    count INTEGER NOT NULL,
    zone TEXT NOT NULL,
    reason TEXT NOT NULL,
    mark TEXT,
    PRIMARY KEY (owner, schedule, slot)
) WITHOUT ROWID;

-- An outage of the container runtime; at most one row.

CREATE TABLE runtime_outage (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    since INTEGER NOT NULL,        -- milliseconds since the epoch
    topics TEXT                    -- a list of those that were told; NULL while nobody was
);

CREATE TABLE held_tasks (          -- tasks that wait for it; the timeouts of their states stand still
    task TEXT PRIMARY KEY,         -- its ARN
    since INTEGER NOT NULL         -- by the steady clock
) WITHOUT ROWID;

CREATE TABLE lost_alerts (         -- messages for people that did not reach them; the latest are kept
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,         -- milliseconds since the epoch
    recipient TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX lost_alerts_by_time ON lost_alerts (time);
