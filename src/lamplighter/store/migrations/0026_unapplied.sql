-- Job files that are not applied yet.

CREATE TABLE unapplied (
    file TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,        -- milliseconds since the epoch
    told INTEGER                   -- when the notify channels were told; NULL: not yet
) WITHOUT ROWID;
