CREATE TABLE secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,   -- milliseconds since the epoch
    changed INTEGER NOT NULL,
    deleted INTEGER,            -- when its deletion was requested
    tags TEXT NOT NULL,
    body TEXT NOT NULL,         -- description, key and policy, in the form of the API
    UNIQUE (account, region, name)
);

CREATE TABLE secret_versions (
    secret INTEGER NOT NULL,
    version TEXT NOT NULL,
    created INTEGER NOT NULL,
    stages TEXT NOT NULL,
    value TEXT NOT NULL,        -- encrypted
    PRIMARY KEY (secret, version)
) WITHOUT ROWID;
