-- Executions of a state machine can wait for the earlier ones.

ALTER TABLE executions ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
CREATE TABLE queued_executions (
    execution INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    since INTEGER NOT NULL
);
CREATE INDEX queued_executions_by_machine ON queued_executions (machine, execution);
