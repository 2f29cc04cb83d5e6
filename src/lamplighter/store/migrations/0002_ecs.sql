-- ECS: clusters, task definitions, tasks.

CREATE TABLE clusters (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,           -- account/region
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    body TEXT NOT NULL,            -- settings and configuration, as the API has them
    tags TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE task_definitions (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,           -- account/region
    family TEXT NOT NULL,
    revision INTEGER NOT NULL,     -- rises by one within the family; rows stay, so that it never goes back
    status TEXT NOT NULL,
    body TEXT NOT NULL,            -- as the API shows it, times in milliseconds
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX task_definitions_by_family ON task_definitions (owner, family, revision);

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,     -- the last part of the ARN; begins the names of its containers
    cluster TEXT NOT NULL,
    family TEXT NOT NULL,
    launch_type TEXT NOT NULL,
    started_by TEXT,
    cpu INTEGER NOT NULL,          -- what it takes of the machine: CPU units, MiB
    memory INTEGER NOT NULL,
    status TEXT NOT NULL,
    desired TEXT NOT NULL,
    body TEXT NOT NULL,            -- as the API shows it, times in milliseconds
    tags TEXT NOT NULL,
    run_order INTEGER,             -- the outbox rows that are still to be carried out
    stop_order INTEGER
);
CREATE INDEX tasks_by_cluster ON tasks (cluster, desired, id);
CREATE INDEX tasks_alive ON tasks (id) WHERE status <> 'STOPPED';

CREATE TABLE run_tokens (          -- RunTask's clientToken: the same request again is answered, not done again
    cluster TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT NOT NULL,
    tasks TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (cluster, token)
) WITHOUT ROWID;
CREATE INDEX run_tokens_by_age ON run_tokens (made);
