-- CloudWatch: alarms, their history, and metrics.

CREATE TABLE alarms (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,            -- settings, as the API has them, and how it came to its state
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX alarms_by_name ON alarms (account, region, name);

CREATE TABLE alarm_history (
    id INTEGER PRIMARY KEY,
    alarm TEXT NOT NULL,           -- its ARN
    time INTEGER NOT NULL,         -- milliseconds since the epoch
    type TEXT NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX alarm_history_by_alarm ON alarm_history (alarm, id);
CREATE INDEX alarm_history_by_time ON alarm_history (time);

CREATE TABLE metric_points (       -- what customers put, and samples of what goes up and down
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,      -- an object with sorted keys
    unit TEXT NOT NULL,
    time INTEGER NOT NULL,         -- milliseconds since the epoch: the minute, or second, that it is of
    samples REAL NOT NULL,
    total REAL NOT NULL,
    least REAL NOT NULL,
    most REAL NOT NULL,
    spread TEXT,                   -- how often each value came; nothing where that is not known
    PRIMARY KEY (account, region, namespace, name, dimensions, unit, time)
) WITHOUT ROWID;
CREATE INDEX metric_points_by_time ON metric_points (time);

-- Indexes for the executions of a machine that began or ended in a period: the metrics of AWS/States.
CREATE INDEX executions_by_start ON executions (machine, start);
