-- Versions and aliases of state machines.

ALTER TABLE machines ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;   -- 1: it goes when its last execution has ended
ALTER TABLE machines ADD COLUMN published INTEGER NOT NULL DEFAULT 0;  -- the newest version's number: none is used twice

ALTER TABLE revisions ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';  -- logging, tracing, encryption, as the API has them
ALTER TABLE revisions ADD COLUMN initial INTEGER NOT NULL DEFAULT 0;   -- 1: what the machine was created with
UPDATE revisions SET settings = machines.settings FROM machines WHERE machines.arn = revisions.machine;
UPDATE revisions SET initial = NOT EXISTS (
    SELECT 1 FROM revisions older WHERE older.machine = revisions.machine AND older.rowid < revisions.rowid
);
ALTER TABLE machines DROP COLUMN settings;

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
    routes TEXT NOT NULL,          -- the routing configuration, as the API has it
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (machine, name)
);

ALTER TABLE executions ADD COLUMN version TEXT;
ALTER TABLE executions ADD COLUMN alias TEXT;
CREATE INDEX executions_by_version ON executions (version, id) WHERE version IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias, id) WHERE alias IS NOT NULL;
