-- The detections of drift on stacks, and the last result for each resource.

CREATE TABLE drift_detections (
    id TEXT PRIMARY KEY,
    stack TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX drift_detections_by_stack ON drift_detections (stack);

CREATE TABLE resource_drifts (
    stack TEXT NOT NULL,
    logical TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (stack, logical)
) WITHOUT ROWID;
