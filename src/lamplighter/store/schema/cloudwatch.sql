CREATE TABLE alarms (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,  -- settings, in the form of the API, and the reason of the state
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX alarms_by_name ON alarms (account, region, name);

CREATE TABLE alarm_history (
    id INTEGER PRIMARY KEY,
    alarm TEXT NOT NULL,    -- its ARN
    time INTEGER NOT NULL,  -- milliseconds since the epoch
    type TEXT NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'MetricAlarm'
);
CREATE INDEX alarm_history_by_alarm ON alarm_history (alarm, id);
CREATE INDEX alarm_history_by_time ON alarm_history (time);

-- The alarms that a composite alarm refers to.
CREATE TABLE alarm_children (
    child TEXT NOT NULL,      -- an ARN
    composite TEXT NOT NULL,  -- an ARN
    PRIMARY KEY (child, composite)
) WITHOUT ROWID;
CREATE INDEX alarm_children_by_composite ON alarm_children (composite);

-- The alarms that suppress the actions of composite alarms.
CREATE TABLE alarm_suppressors (
    composite TEXT PRIMARY KEY,  -- an ARN
    suppressor TEXT NOT NULL     -- an ARN
) WITHOUT ROWID;
CREATE INDEX alarm_suppressors_by_suppressor ON alarm_suppressors (suppressor);

-- Data points that users put, and samples of the engine's own gauges.
CREATE TABLE metric_points (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,  -- a JSON object with sorted keys
    unit TEXT NOT NULL,
    time INTEGER NOT NULL,     -- the beginning of the minute or second, in milliseconds since the epoch
    samples REAL NOT NULL,
    total REAL NOT NULL,
    minimum REAL NOT NULL,
    maximum REAL NOT NULL,
    value_counts TEXT,         -- how often each value occurred; NULL: unknown
    PRIMARY KEY (account, region, namespace, name, dimensions, unit, time)
) WITHOUT ROWID;
CREATE INDEX metric_points_by_time ON metric_points (time);
