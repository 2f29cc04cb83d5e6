-- Map Runs that read their items, write their results and are redriven.

ALTER TABLE map_runs ADD COLUMN stage TEXT NOT NULL DEFAULT 'RUN';     -- READ, RUN, REDRIVE, STOP, WRITE, DONE
UPDATE map_runs SET stage = 'STOP' WHERE status <> 'RUNNING';
ALTER TABLE map_runs ADD COLUMN reading TEXT;                          -- what its items are read from; then they are map_items
ALTER TABLE map_runs ADD COLUMN writing TEXT NOT NULL DEFAULT '{"parameters":null,"transformation":"COMPACT","lines":false}';
ALTER TABLE map_runs ADD COLUMN outcome TEXT;                          -- how it ends once its results are written
ALTER TABLE map_runs ADD COLUMN written INTEGER NOT NULL DEFAULT 0;    -- 1: the results are where the ResultWriter says
ALTER TABLE map_runs ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN redriven INTEGER;                      -- the last redrive, milliseconds since the epoch
CREATE INDEX map_runs_at_work ON map_runs (id) WHERE stage <> 'DONE';

CREATE TABLE map_items (               -- what an ItemReader read
    run INTEGER NOT NULL,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

ALTER TABLE map_children ADD COLUMN first INTEGER NOT NULL DEFAULT 0;   -- its first item
ALTER TABLE map_children ADD COLUMN status TEXT NOT NULL DEFAULT 'RUNNING';
ALTER TABLE map_children ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;   -- in which redrive of the run it ran last
UPDATE map_children SET status = coalesce((SELECT e.status FROM executions e WHERE e.id = map_children.execution), 'SUCCEEDED');
CREATE INDEX map_children_by_status ON map_children (run, status, redrives);

ALTER TABLE map_results ADD COLUMN status TEXT NOT NULL DEFAULT 'SUCCEEDED';
ALTER TABLE map_results RENAME COLUMN output TO body;   -- what the child came to, as the writer wants it: JSON text

-- The key of a deleted (express) execution must never be reused, because late answers and orders contain it.
CREATE TABLE executions_kept (
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
    head TEXT NOT NULL,            -- counters of the execution
    version TEXT,
    alias TEXT
);
INSERT INTO executions_kept SELECT * FROM executions;
DROP TABLE executions;
ALTER TABLE executions_kept RENAME TO executions;
CREATE INDEX executions_by_machine ON executions (machine, id);
CREATE INDEX executions_by_status ON executions (machine, status, id);
CREATE INDEX executions_by_version ON executions (version, id) WHERE version IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias, id) WHERE alias IS NOT NULL;
