-- CloudWatch Logs: groups, streams and chunks of log events. The lines that ECS has shipped. Counts and ages for metrics.

CREATE TABLE log_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never repeats: what a deleted group leaves is not its successor's
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    created INTEGER NOT NULL,              -- milliseconds since the epoch, as are all times here
    retention INTEGER,                     -- days
    kms TEXT,
    protected INTEGER NOT NULL,
    tags TEXT NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX log_groups_by_name ON log_groups (account, region, name);

CREATE TABLE log_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    grp INTEGER NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    last INTEGER NOT NULL DEFAULT 0,       -- the latest event, 0: none
    ingested INTEGER NOT NULL DEFAULT 0    -- when something was last put
);
CREATE UNIQUE INDEX log_streams_by_name ON log_streams (grp, name);
CREATE INDEX log_streams_by_last ON log_streams (grp, last);

CREATE TABLE log_chunks (                  -- events of one PutLogEvents, within ten seconds
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which they were put
    grp INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,                -- the times of the first and of the last event
    last INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    bytes INTEGER NOT NULL,                -- as storedBytes counts them
    body BLOB NOT NULL                     -- JSON [offsets from first, messages], packed by zlib where that is smaller
);
CREATE INDEX log_chunks_by_group_first ON log_chunks (grp, first);
CREATE INDEX log_chunks_by_group_last ON log_chunks (grp, last);
CREATE INDEX log_chunks_by_stream_first ON log_chunks (stream, first);
CREATE INDEX log_chunks_by_stream_last ON log_chunks (stream, last);

CREATE TABLE log_filters (                 -- metric filters and subscription filters
    grp INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,                    -- as the API shows it
    PRIMARY KEY (grp, kind, name)
) WITHOUT ROWID;

CREATE TABLE shipments (                   -- how many lines of a container's output are in CloudWatch Logs
    container TEXT PRIMARY KEY,            -- as the runtime calls it
    stdout INTEGER NOT NULL,
    stderr INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE outbox ADD COLUMN made INTEGER;  -- when; NULL: before this was kept
CREATE INDEX outbox_by_age ON outbox (made); -- counts rows without reading their bodies

CREATE TABLE counts (                      -- how many rows have a status: asked often, and never counted
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, status)
) WITHOUT ROWID;
INSERT INTO counts SELECT 'execution', status, count(*) FROM executions GROUP BY status;
INSERT INTO counts SELECT 'task', status, count(*) FROM tasks GROUP BY status;

CREATE TRIGGER executions_counted AFTER INSERT ON executions BEGIN
    INSERT INTO counts VALUES ('execution', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER executions_recounted AFTER UPDATE OF status ON executions WHEN old.status <> new.status BEGIN
    UPDATE counts SET number = number - 1 WHERE kind = 'execution' AND status = old.status;
    INSERT INTO counts VALUES ('execution', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER executions_discounted AFTER DELETE ON executions BEGIN
    UPDATE counts SET number = number - 1 WHERE kind = 'execution' AND status = old.status;
END;
CREATE TRIGGER tasks_counted AFTER INSERT ON tasks BEGIN
    INSERT INTO counts VALUES ('task', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tasks_recounted AFTER UPDATE OF status ON tasks WHEN old.status <> new.status BEGIN
    UPDATE counts SET number = number - 1 WHERE kind = 'task' AND status = old.status;
    INSERT INTO counts VALUES ('task', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tasks_discounted AFTER DELETE ON tasks BEGIN
    UPDATE counts SET number = number - 1 WHERE kind = 'task' AND status = old.status;
END;
