-- Activities, and their tasks that no worker has received yet.

CREATE TABLE activities (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    encryption TEXT NOT NULL,      -- as the API has it
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE activity_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they are handed out; never used again
    activity TEXT NOT NULL,
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    token TEXT NOT NULL,
    input TEXT NOT NULL
);
CREATE INDEX activity_tasks_by_activity ON activity_tasks (activity, id);
CREATE INDEX activity_tasks_by_work ON activity_tasks (execution, frame, number);
