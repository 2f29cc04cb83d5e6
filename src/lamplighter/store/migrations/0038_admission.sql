-- Tasks wait for room on the machine, by priority and age.

ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN waiting_since INTEGER;
CREATE INDEX tasks_placed ON tasks (family, cpu, memory) WHERE status <> 'STOPPED' AND waiting_since IS NULL;
CREATE INDEX tasks_waiting ON tasks (priority DESC, id) WHERE waiting_since IS NOT NULL;

CREATE TABLE capacity_limits (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cpu INTEGER,
    memory INTEGER,
    tasks INTEGER
);
