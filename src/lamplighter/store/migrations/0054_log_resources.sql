-- What CloudWatch Logs stores beside log groups, and the queries of Logs Insights with their results.

CREATE TABLE log_resources (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)
) WITHOUT ROWID;

CREATE TABLE log_queries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    status TEXT NOT NULL,
    request TEXT NOT NULL,
    statistics TEXT NOT NULL,
    duration INTEGER NOT NULL
);
CREATE INDEX log_queries_by_owner ON log_queries (account, region, id);
CREATE INDEX log_queries_by_time ON log_queries (created);

CREATE TABLE log_query_results (
    query INTEGER NOT NULL,
    first INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (query, first)
) WITHOUT ROWID;
