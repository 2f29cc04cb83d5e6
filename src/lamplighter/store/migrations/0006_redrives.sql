-- The states in which executions failed, from which a redrive continues.

CREATE TABLE redrives (
    execution INTEGER PRIMARY KEY,
    body TEXT,                     -- frames and results as they were; none while it runs again
    date INTEGER,                  -- the last redrive, milliseconds since the epoch
    token TEXT                     -- the client's token of that redrive
);
