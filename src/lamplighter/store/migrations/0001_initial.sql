-- Timers, the outbox, and Step Functions.

CREATE TABLE timers (
    service TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    due INTEGER NOT NULL,          -- milliseconds since the epoch
    elapsed INTEGER NOT NULL,      -- 1: it measures a length of time, and due is told by the steady clock
    PRIMARY KEY (service, subject, name)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (elapsed, due);

CREATE TABLE clock (
    jump INTEGER NOT NULL          -- by how many milliseconds the wall clock was set since the engine began
);
INSERT INTO clock (jump) VALUES (0);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE machines (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    revision TEXT NOT NULL,
    created INTEGER NOT NULL,
    settings TEXT NOT NULL,        -- logging, tracing, encryption, as the API has them
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE revisions (
    id TEXT PRIMARY KEY,
    machine TEXT NOT NULL,
    definition TEXT NOT NULL,
    role TEXT NOT NULL,
    created INTEGER NOT NULL
);

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL,
    revision TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    head TEXT NOT NULL             -- counters of the execution
);
CREATE INDEX executions_by_machine ON executions (machine, id);
CREATE INDEX executions_by_status ON executions (machine, status, id);

CREATE TABLE history (
    id INTEGER PRIMARY KEY,        -- execution * 32768 + id of the first event
    body TEXT NOT NULL             -- events, one JSON object a line
);

CREATE TABLE frames (
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    going INTEGER NOT NULL,        -- 1: it needs nothing from the world to go on
    body TEXT NOT NULL,
    PRIMARY KEY (execution, frame)
) WITHOUT ROWID;
CREATE INDEX frames_going ON frames (execution) WHERE going;

CREATE TABLE fans (                -- how far a Parallel or Map has come: small, and written with every child
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (execution, frame)
) WITHOUT ROWID;

CREATE TABLE results (             -- what the children of a Parallel or Map came to
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (execution, frame, idx)
) WITHOUT ROWID;

CREATE TABLE watches (             -- work that goes on elsewhere: whose it is, by the name it has there
    key TEXT NOT NULL,
    execution INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (key, execution, frame, number)
) WITHOUT ROWID;
CREATE INDEX watches_by_work ON watches (execution, frame, number);

CREATE TABLE engine (              -- one row: the name that the containers of this data directory carry
    name TEXT NOT NULL
);
