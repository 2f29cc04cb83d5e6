-- Files whose jobs are not as the files say, until they are.

CREATE TABLE unapplied (
    file TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,        -- milliseconds since the epoch
    told INTEGER                   -- when the notify channels were told; NULL: not yet
) WITHOUT ROWID;
