-- Events of executions whose steps a separate process computes, in order of arrival; and the step that the engine's own
-- process computed when an engine died.

CREATE TABLE pending_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL,
    event TEXT NOT NULL,               -- [type, fields] as JSON
    begun INTEGER NOT NULL DEFAULT 0   -- how often an engine died while its step went on
);
CREATE INDEX pending_events_by_execution ON pending_events (execution, id);

CREATE TABLE suspects (
    subject TEXT PRIMARY KEY,          -- an execution or, of one that had only begun, a revision: see store/stepmark.py
    deaths INTEGER NOT NULL            -- how often an engine died in a step of it
) WITHOUT ROWID;
