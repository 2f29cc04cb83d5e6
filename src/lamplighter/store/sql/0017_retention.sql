-- What ended long ago is found without a search.

CREATE INDEX executions_by_end ON executions (stop) WHERE stop IS NOT NULL;
