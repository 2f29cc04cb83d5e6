-- Which versions of this program used the database, and which backups it was restored from.

CREATE TABLE program_versions (
    version TEXT PRIMARY KEY,
    opened INTEGER NOT NULL  -- when it opened the database after another version, in milliseconds since the epoch
) WITHOUT ROWID;

CREATE TABLE restores (
    id INTEGER PRIMARY KEY,
    backup INTEGER NOT NULL,     -- when the backup was made, in milliseconds since the epoch
    restored INTEGER NOT NULL,   -- when it was restored
    examined INTEGER,            -- when an engine compared it with what runs; NULL: not yet
    lost_tasks TEXT,        -- a list: running tasks whose containers no longer exist
    unknown_containers TEXT      -- a list: containers that are newer than the backup
);
