-- Map Runs: the child executions of a distributed Map.

CREATE TABLE map_runs (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    execution INTEGER NOT NULL,    -- whose work it is: execution, frame, number
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    parent TEXT NOT NULL,          -- the ARN of that execution
    label TEXT NOT NULL,
    block INTEGER NOT NULL,        -- what a child runs
    express INTEGER NOT NULL,
    status TEXT NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    total INTEGER NOT NULL,        -- items
    taken INTEGER NOT NULL,        -- items that were given to children
    started INTEGER NOT NULL,      -- children
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timed_out INTEGER NOT NULL,
    aborted INTEGER NOT NULL,
    items_failed INTEGER NOT NULL, -- items of the children that did not succeed
    concurrency INTEGER NOT NULL,  -- 0: as many as this program sees fit
    tolerated_count INTEGER,
    tolerated_percentage REAL
);
CREATE INDEX map_runs_by_work ON map_runs (execution, frame, number);
CREATE INDEX map_runs_by_parent ON map_runs (parent, id);

CREATE TABLE map_children (
    execution INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,     -- its place in the result
    items INTEGER NOT NULL         -- how many items it was given
);
CREATE INDEX map_children_by_run ON map_children (run, execution);

CREATE TABLE map_results (
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;
