CREATE TABLE state_machines (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    revision TEXT NOT NULL,
    created INTEGER NOT NULL,
    tags TEXT NOT NULL,
    deleting INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Definitions of state machines. A revision never changes.
CREATE TABLE revisions (
    id TEXT PRIMARY KEY,
    machine TEXT NOT NULL,
    definition TEXT NOT NULL,
    role TEXT NOT NULL,
    created INTEGER NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',
    initial INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE versions (
    machine TEXT NOT NULL,
    number INTEGER NOT NULL,
    revision TEXT NOT NULL,
    description TEXT,
    created INTEGER NOT NULL,
    PRIMARY KEY (machine, number)
) WITHOUT ROWID;
CREATE INDEX versions_by_revision ON versions (revision);

CREATE TABLE aliases (
    id INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    routes TEXT NOT NULL,  -- the routing configuration, in the form of the API
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (machine, name)
);

CREATE TABLE executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL,
    revision TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    counters TEXT NOT NULL,  -- the counters of the running execution, as JSON
    version TEXT,
    alias TEXT,
    waited INTEGER NOT NULL DEFAULT 0,  -- milliseconds by which its deadline is later, because it waited
    origin TEXT,  -- what started it: an ARN, or nothing for a request from outside; NULL: started before this was kept
    person TEXT NOT NULL DEFAULT ''  -- the name of the person or key that started it, if it is known
);
CREATE INDEX executions_by_machine ON executions (machine, id);
CREATE INDEX executions_by_status ON executions (machine, status, id);
CREATE INDEX executions_by_version ON executions (version, id) WHERE version IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias, id) WHERE alias IS NOT NULL;
CREATE INDEX executions_by_end ON executions (stop) WHERE stop IS NOT NULL;
CREATE INDEX executions_by_start ON executions (machine, start);
-- The executions that ran after a time, without the children of Maps.
CREATE INDEX executions_of_night ON executions (ifnull(stop, 9223372036854775807)) WHERE instr(machine, '/') = 0;
CREATE TRIGGER executions_counted AFTER INSERT ON executions BEGIN
    INSERT INTO row_counts VALUES ('execution', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER executions_recounted AFTER UPDATE OF status ON executions WHEN old.status <> new.status BEGIN
    UPDATE row_counts SET number = number - 1 WHERE kind = 'execution' AND status = old.status;
    INSERT INTO row_counts VALUES ('execution', new.status, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER executions_discounted AFTER DELETE ON executions BEGIN
    UPDATE row_counts SET number = number - 1 WHERE kind = 'execution' AND status = old.status;
END;

-- The events of executions, several in a row.
CREATE TABLE history (
    id INTEGER PRIMARY KEY,  -- execution * 32768 + id of the first event
    body TEXT NOT NULL       -- one JSON object a line
);

-- Where a running execution is: one row for each branch, item or state that runs.
CREATE TABLE frames (
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    ready INTEGER NOT NULL,  -- 1: the engine can continue it without waiting for anything
    body TEXT NOT NULL,
    PRIMARY KEY (execution, frame)
) WITHOUT ROWID;
CREATE INDEX frames_ready ON frames (execution) WHERE ready;

-- How many children of a Parallel or Map state have ended. It is small, because each child writes it.
CREATE TABLE child_progress (
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (execution, frame)
) WITHOUT ROWID;

-- The outputs of the children of a Parallel or Map state.
CREATE TABLE child_results (
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (execution, frame, idx)
) WITHOUT ROWID;

-- Tasks that continue outside the engine, by their names there (for example an ECS task's ARN).
CREATE TABLE external_names (
    name TEXT NOT NULL,
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (name, execution, frame, number)
) WITHOUT ROWID;
CREATE INDEX external_names_by_task ON external_names (execution, frame, number);

-- Which execution started an ECS task and waits, or waited, for it.
CREATE TABLE started_tasks (
    task TEXT PRIMARY KEY,  -- its ARN
    execution INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX started_tasks_by_execution ON started_tasks (execution);
CREATE TRIGGER started_tasks_deleted AFTER DELETE ON executions BEGIN
    DELETE FROM started_tasks WHERE execution = old.id;
END;

-- Events that an execution has not processed yet.
CREATE TABLE pending_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL,
    event TEXT NOT NULL,                      -- [type, fields] as JSON
    unsaved_tries INTEGER NOT NULL DEFAULT 0  -- how often the engine died while it processed the event
);
CREATE INDEX pending_events_by_execution ON pending_events (execution, id);

-- How often the engine died in a step. After several times the engine isolates that step in a process of its own.
CREATE TABLE step_deaths (
    subject TEXT PRIMARY KEY,  -- an execution or, for one that has only started, a revision
    deaths INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE redrives (
    execution INTEGER PRIMARY KEY,
    body TEXT,     -- the frames and results at the time of the failure; NULL while it runs again
    date INTEGER,  -- the last redrive, milliseconds since the epoch
    token TEXT,    -- the client token of the last redrive
    idle INTEGER NOT NULL DEFAULT 0  -- the milliseconds between all its parts, in which it did not run
);

CREATE TABLE activities (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    encryption TEXT NOT NULL,  -- in the form of the API
    tags TEXT NOT NULL
) WITHOUT ROWID;

-- Tasks that wait for a worker of an activity.
CREATE TABLE activity_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which workers get them; never used again
    activity TEXT NOT NULL,
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    token TEXT NOT NULL,
    input TEXT NOT NULL
);
CREATE INDEX activity_tasks_by_activity ON activity_tasks (activity, id);
CREATE INDEX activity_tasks_by_work ON activity_tasks (execution, frame, number);

CREATE TABLE map_runs (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    execution INTEGER NOT NULL,     -- the state that it belongs to: execution, frame, number
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    parent TEXT NOT NULL,           -- the ARN of that execution
    label TEXT NOT NULL,
    block INTEGER NOT NULL,         -- the state machine of the children, by its number in the definition
    express INTEGER NOT NULL,
    status TEXT NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    total INTEGER NOT NULL,         -- items
    taken INTEGER NOT NULL,         -- items that children have been given
    started INTEGER NOT NULL,       -- children
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timed_out INTEGER NOT NULL,
    aborted INTEGER NOT NULL,
    items_failed INTEGER NOT NULL,  -- items of the children that did not succeed
    concurrency INTEGER NOT NULL,   -- 0: the engine chooses
    tolerated_count INTEGER,
    tolerated_percentage REAL,
    stage TEXT NOT NULL DEFAULT 'RUN',
    reading TEXT,
    writing TEXT NOT NULL DEFAULT '{"parameters":null,"transformation":"COMPACT","lines":false}',
    outcome TEXT,
    written INTEGER NOT NULL DEFAULT 0,
    redrives INTEGER NOT NULL DEFAULT 0,
    redriven INTEGER
);
CREATE INDEX map_runs_by_work ON map_runs (execution, frame, number);
CREATE INDEX map_runs_by_parent ON map_runs (parent, id);
CREATE INDEX map_runs_at_work ON map_runs (id) WHERE stage <> 'DONE';

-- The child executions of a Map Run.
CREATE TABLE map_children (
    execution INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,  -- its position in the result
    items INTEGER NOT NULL,     -- the number of its items
    first INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'RUNNING',
    redrives INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX map_children_by_run ON map_children (run, execution);
CREATE INDEX map_children_by_status ON map_children (run, status, redrives);

-- The items that an ItemReader read.
CREATE TABLE map_items (
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- The results of child executions that have ended.
CREATE TABLE map_results (
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'SUCCEEDED',
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- Executions that wait until the earlier executions of their state machine have ended.
CREATE TABLE queued_executions (
    execution INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    since INTEGER NOT NULL  -- milliseconds of the steady clock
);
CREATE INDEX queued_executions_by_machine ON queued_executions (machine, execution);

-- How the executions of each state machine ended, by status. Triggers keep it for the metrics. Children of Map Runs, whose
-- machine has a slash in its name, do not count.
CREATE TABLE execution_totals (
    machine TEXT NOT NULL,
    status TEXT NOT NULL,     -- SKIPPED: it succeeded without doing anything, because another execution was running
    number INTEGER NOT NULL,  -- how many executions ever ended so; of RUNNING: how many run now
    start INTEGER NOT NULL,   -- milliseconds since the epoch: when the latest of them began; later by the time between
                              -- its parts if it was redriven, so that `stop - start` is how long it took
    stop INTEGER,             -- when it ended
    PRIMARY KEY (machine, status)
) WITHOUT ROWID;
CREATE TRIGGER execution_totals_inserted AFTER INSERT ON executions WHEN instr(new.machine, '/') = 0 BEGIN
    INSERT INTO execution_totals
        VALUES (
            new.machine,
            CASE WHEN new.output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE new.status END,
            1, new.start, new.stop
        )
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
CREATE TRIGGER execution_totals_updated AFTER UPDATE OF status ON executions
WHEN old.status <> new.status AND instr(new.machine, '/') = 0 BEGIN
    UPDATE execution_totals SET number = number - 1
        WHERE machine = old.machine AND status = 'RUNNING' AND old.status = 'RUNNING';
    INSERT INTO execution_totals
        VALUES (
            new.machine,
            CASE WHEN new.output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE new.status END,
            1, new.start + coalesce((SELECT idle FROM redrives WHERE execution = new.id), 0), new.stop
        )
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
CREATE TRIGGER execution_totals_deleted AFTER DELETE ON executions
WHEN old.status = 'RUNNING' AND instr(old.machine, '/') = 0 BEGIN
    UPDATE execution_totals SET number = number - 1 WHERE machine = old.machine AND status = 'RUNNING';
END;
CREATE TRIGGER execution_totals_forgotten AFTER DELETE ON state_machines BEGIN
    DELETE FROM execution_totals WHERE machine = old.arn;
END;
