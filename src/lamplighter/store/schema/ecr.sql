CREATE TABLE ecr_repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,   -- milliseconds since the epoch
    tags TEXT NOT NULL,
    body TEXT NOT NULL,         -- its settings and policies, in the form of the API
    UNIQUE (account, region, name)
);
