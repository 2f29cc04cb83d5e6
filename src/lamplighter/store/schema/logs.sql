CREATE TABLE log_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so a new group of the same name is another
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    created INTEGER NOT NULL,              -- milliseconds since the epoch
    retention INTEGER,                     -- days
    kms TEXT,
    protected INTEGER NOT NULL,
    tags TEXT NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX log_groups_by_name ON log_groups (account, region, name);

CREATE TABLE log_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log_group INTEGER NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    last INTEGER NOT NULL DEFAULT 0,     -- the time of the latest event; 0: none
    ingested INTEGER NOT NULL DEFAULT 0, -- when the last events arrived
    lines INTEGER                        -- how many events have arrived; NULL: the lines have no numbers
);
CREATE UNIQUE INDEX log_streams_by_name ON log_streams (log_group, name);
CREATE INDEX log_streams_by_last ON log_streams (log_group, last);

-- The events of one PutLogEvents, at most ten seconds in a row.
CREATE TABLE log_chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of arrival
    log_group INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,                -- the times of the first and of the last event
    last INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    bytes INTEGER NOT NULL,                -- as storedBytes counts them
    body BLOB NOT NULL,                    -- JSON [offsets from first, messages], compressed by zlib if that is smaller
    line INTEGER                           -- the number of the first event in its stream, from 1; NULL: without numbers
);
CREATE INDEX log_chunks_by_group_first ON log_chunks (log_group, first);
CREATE INDEX log_chunks_by_group_last ON log_chunks (log_group, last);
CREATE INDEX log_chunks_by_stream_first ON log_chunks (stream, first);
CREATE INDEX log_chunks_by_stream_last ON log_chunks (stream, last);
CREATE INDEX log_chunks_by_line ON log_chunks (stream, line) WHERE line IS NOT NULL;

-- Metric filters and subscription filters.
CREATE TABLE log_filters (
    log_group INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,  -- in the form of the API
    PRIMARY KEY (log_group, kind, name)
) WITHOUT ROWID;

CREATE TABLE log_resource_policies (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    resource TEXT NOT NULL,    -- the ARN of a log group; empty: the policy belongs to the account
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    revision TEXT NOT NULL,
    updated INTEGER NOT NULL,  -- milliseconds since the epoch
    PRIMARY KEY (account, region, resource, name)
) WITHOUT ROWID;

-- Destinations, delivery sources, delivery destinations and deliveries.
CREATE TABLE log_resources (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,  -- in the form of the API
    tags TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)
) WITHOUT ROWID;
