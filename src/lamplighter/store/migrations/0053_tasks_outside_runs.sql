-- The tasks that no state machine started, by time and by family; and the executions that started the other tasks.

CREATE INDEX tasks_outside_runs ON tasks (id) WHERE started_by IS NOT 'AWS Step Functions';
CREATE INDEX tasks_outside_runs_by_family ON tasks (family, id) WHERE started_by IS NOT 'AWS Step Functions';
