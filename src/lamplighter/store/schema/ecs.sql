CREATE TABLE clusters (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,  -- account/region
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    body TEXT NOT NULL,   -- settings and configuration, in the form of the API
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE task_definitions (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,        -- account/region
    family TEXT NOT NULL,
    revision INTEGER NOT NULL,  -- increases by one within the family; rows stay, so that no number returns
    status TEXT NOT NULL,
    body TEXT NOT NULL,         -- in the form of the API, with times in milliseconds
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX task_definitions_by_family ON task_definitions (owner, family, revision);

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,  -- the last part of the ARN; the names of its containers begin with it
    cluster TEXT NOT NULL,
    family TEXT NOT NULL,
    launch_type TEXT NOT NULL,
    started_by TEXT,
    cpu INTEGER NOT NULL,       -- what it reserves: CPU units, MiB
    memory INTEGER NOT NULL,
    status TEXT NOT NULL,
    desired TEXT NOT NULL,
    body TEXT NOT NULL,         -- in the form of the API, with times in milliseconds
    tags TEXT NOT NULL,
    run_order INTEGER,          -- rows of the outbox that are not carried out yet
    stop_order INTEGER,
    priority INTEGER NOT NULL DEFAULT 0,
    exclusive INTEGER NOT NULL DEFAULT 0,  -- 1: it starts after the previous task of its family has stopped
    waiting_since INTEGER       -- milliseconds of the steady clock while it waits for room; NULL: it has its room
);
CREATE INDEX tasks_by_cluster ON tasks (cluster, desired, id);
CREATE INDEX tasks_alive ON tasks (id) WHERE status <> 'STOPPED';
CREATE INDEX tasks_placed ON tasks (family, cpu, memory) WHERE status <> 'STOPPED' AND waiting_since IS NULL;
CREATE INDEX tasks_waiting ON tasks (priority DESC, id) WHERE waiting_since IS NOT NULL;
-- The tasks that no state machine started: those of schedules, of rules, and of whoever else calls RunTask.
CREATE INDEX tasks_outside_runs ON tasks (id) WHERE started_by IS NOT 'AWS Step Functions';
CREATE INDEX tasks_outside_runs_by_family ON tasks (family, id) WHERE started_by IS NOT 'AWS Step Functions';
CREATE TRIGGER tasks_counted AFTER INSERT ON tasks BEGIN
    INSERT INTO row_counts VALUES ('task', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tasks_recounted AFTER UPDATE OF status ON tasks WHEN old.status <> new.status BEGIN
    UPDATE row_counts SET number = number - 1 WHERE kind = 'task' AND status = old.status;
    INSERT INTO row_counts VALUES ('task', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tasks_discounted AFTER DELETE ON tasks BEGIN
    UPDATE row_counts SET number = number - 1 WHERE kind = 'task' AND status = old.status;
END;

-- Client tokens of RunTask. A repeated request gets the first answer and starts nothing.
CREATE TABLE run_task_tokens (
    cluster TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT NOT NULL,
    tasks TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (cluster, token)
) WITHOUT ROWID;
CREATE INDEX run_task_tokens_by_age ON run_task_tokens (created);

-- One row if the job file limits what all tasks together may reserve. NULL: no limit of the file.
CREATE TABLE capacity_limits (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cpu INTEGER,     -- CPU units
    memory INTEGER,  -- MiB
    tasks INTEGER
);

-- One row while the container runtime does not answer.
CREATE TABLE runtime_outage (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    since INTEGER NOT NULL,  -- milliseconds since the epoch
    topics TEXT              -- a list of the topics that were alerted; NULL: none yet
);

-- Tasks that wait for the container runtime. Meanwhile the timeouts of their states stand still.
CREATE TABLE held_tasks (
    task TEXT PRIMARY KEY,  -- its ARN
    since INTEGER NOT NULL  -- milliseconds of the steady clock
) WITHOUT ROWID;

-- How many lines of a container's output are in CloudWatch Logs.
CREATE TABLE shipped_lines (
    container TEXT PRIMARY KEY,  -- its name in the runtime
    stdout INTEGER NOT NULL,
    stderr INTEGER NOT NULL
) WITHOUT ROWID;

-- How the tasks ended that a schedule or a rule started without a state machine. A trigger keeps it for the metrics.
CREATE TABLE scheduled_task_totals (
    cluster TEXT NOT NULL,    -- the ARN of the cluster
    family TEXT NOT NULL,
    outcome TEXT NOT NULL,    -- SUCCEEDED, FAILED
    number INTEGER NOT NULL,  -- how many tasks ever ended so
    start INTEGER,            -- when the latest of them started or was created, milliseconds since the epoch
    stop INTEGER,             -- when it stopped
    PRIMARY KEY (cluster, family, outcome)
) WITHOUT ROWID;
CREATE TRIGGER scheduled_tasks_counted AFTER UPDATE OF status ON tasks
WHEN old.status <> 'STOPPED' AND new.status = 'STOPPED' AND json_valid(new.body)
    AND (new.started_by LIKE 'chronos-schedule/%' OR new.started_by LIKE 'events-rule/%') BEGIN
    INSERT INTO scheduled_task_totals
        SELECT new.cluster, new.family,
            -- 137 and 143: the container was killed, because another one had ended.
            CASE WHEN min(code IN (0, 137, 143)) AND max(code = 0) THEN 'SUCCEEDED' ELSE 'FAILED' END,
            1,
            coalesce(json_extract(new.body, '$.startedAt'), json_extract(new.body, '$.createdAt')),
            json_extract(new.body, '$.stoppedAt')
        FROM (
            SELECT coalesce(json_extract(value, '$.exitCode'), -1) AS code
            FROM json_each(new.body, '$.containers')
        )
        WHERE TRUE
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;

-- The capacity providers that were created; FARGATE and FARGATE_SPOT have no rows.
CREATE TABLE capacity_providers (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
