-- An index that finds executions that ended long ago.

CREATE INDEX executions_by_end ON executions (stop) WHERE stop IS NOT NULL;
