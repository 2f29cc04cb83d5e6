-- Slots of schedules that no target was called for, and whom to tell of them.

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
