CREATE TABLE stacks (
    id TEXT PRIMARY KEY,           -- the ARN, never used again
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    created INTEGER NOT NULL,      -- milliseconds since the epoch
    updated INTEGER,
    deleted INTEGER,
    parent TEXT,                   -- the stack that contains this one as a resource
    pass_number INTEGER NOT NULL,  -- counts the passes over its resources: create, roll back, delete
    plan TEXT NOT NULL,            -- the wanted state: template, parameters, tags
    previous TEXT NOT NULL,        -- the state before the update that runs
    body TEXT NOT NULL             -- everything else, in the form of the API
) WITHOUT ROWID;
CREATE UNIQUE INDEX stacks_by_name ON stacks (account, region, name) WHERE deleted IS NULL;
CREATE INDEX stacks_by_age ON stacks (account, region, created, id);
CREATE INDEX stacks_by_parent ON stacks (parent) WHERE parent IS NOT NULL;

CREATE TABLE stack_resources (
    stack TEXT NOT NULL,
    logical TEXT NOT NULL,
    physical TEXT,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    updated INTEGER NOT NULL,
    position INTEGER NOT NULL,     -- its position in the order of creation
    pass_number INTEGER NOT NULL,  -- the last pass that processed it
    body TEXT NOT NULL,            -- properties, attributes, policies, and their values before the update
    PRIMARY KEY (stack, logical)
) WITHOUT ROWID;
CREATE INDEX stack_resources_by_physical ON stack_resources (physical, type);
CREATE INDEX stack_resources_in_order ON stack_resources (stack, position, logical, type, status, pass_number);

-- Resources that no template contains any more and that still exist.
CREATE TABLE stack_leftovers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stack TEXT NOT NULL,
    logical TEXT NOT NULL,
    physical TEXT,
    type TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX stack_leftovers_by_stack ON stack_leftovers (stack, id);

CREATE TABLE stack_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stack TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX stack_events_by_stack ON stack_events (stack, id);

-- The templates that stacks and change sets refer to. A row never changes.
CREATE TABLE stack_templates (
    id TEXT PRIMARY KEY,     -- never used again
    stack TEXT NOT NULL,
    text TEXT NOT NULL,      -- as the user gave it
    processed TEXT NOT NULL  -- JSON, after the transforms
) WITHOUT ROWID;
CREATE INDEX stack_templates_by_stack ON stack_templates (stack);

CREATE TABLE change_sets (
    id TEXT PRIMARY KEY,  -- the ARN
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX change_sets_by_stack ON change_sets (stack, name);

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

CREATE TABLE stack_exports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
CREATE INDEX stack_exports_by_stack ON stack_exports (stack);

-- The exports that a stack uses.
CREATE TABLE stack_imports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    PRIMARY KEY (account, region, name, stack)
) WITHOUT ROWID;
CREATE INDEX stack_imports_by_stack ON stack_imports (stack);
