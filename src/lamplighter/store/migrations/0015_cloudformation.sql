-- CloudFormation.

CREATE TABLE stacks (
    id TEXT PRIMARY KEY,           -- the ARN, which never repeats
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    created INTEGER NOT NULL,      -- milliseconds since the epoch, as all times here
    updated INTEGER,
    deleted INTEGER,
    parent TEXT,                   -- the stack of which this one is a resource
    phase INTEGER NOT NULL,        -- counts the passes over its resources: making, rolling back, deleting
    plan TEXT NOT NULL,            -- what it is to be: template, parameters, tags
    previous TEXT NOT NULL,        -- what it was before the update that is under way
    body TEXT NOT NULL             -- everything else, as the API has it
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
    position INTEGER NOT NULL,     -- in the order in which resources are made
    phase INTEGER NOT NULL,        -- the pass in which it was last seen to
    body TEXT NOT NULL,            -- properties, attributes, policies, and how it was before the update
    PRIMARY KEY (stack, logical)
) WITHOUT ROWID;
CREATE INDEX stack_resources_by_physical ON stack_resources (physical, type);

CREATE TABLE stack_leftovers (     -- resources that no template names any more and that are still there
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

CREATE TABLE change_sets (
    id TEXT PRIMARY KEY,           -- the ARN
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX change_sets_by_stack ON change_sets (stack, name);

CREATE TABLE stack_exports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
CREATE INDEX stack_exports_by_stack ON stack_exports (stack);

CREATE TABLE stack_imports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    stack TEXT NOT NULL,
    PRIMARY KEY (account, region, name, stack)
) WITHOUT ROWID;
CREATE INDEX stack_imports_by_stack ON stack_imports (stack);
