-- The tasks that no state machine started, by time and by family; and the executions that started the other tasks.

CREATE INDEX tasks_outside_runs ON tasks (id) WHERE started_by IS NOT 'AWS Step Functions';
CREATE INDEX tasks_outside_runs_by_family ON tasks (family, id) WHERE started_by IS NOT 'AWS Step Functions';

CREATE TABLE started_tasks (
    task TEXT PRIMARY KEY,
    execution INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX started_tasks_by_execution ON started_tasks (execution);
CREATE TRIGGER started_tasks_deleted AFTER DELETE ON executions BEGIN
    DELETE FROM started_tasks WHERE execution = old.id;
END;
INSERT OR IGNORE INTO started_tasks SELECT name, execution FROM external_names WHERE name GLOB 'arn:*:ecs:*:task/*';
