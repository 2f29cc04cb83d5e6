-- The account settings and the capacity providers of ECS.

CREATE TABLE account_settings (
    owner TEXT NOT NULL,
    principal TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, principal, name)
) WITHOUT ROWID;
CREATE TABLE capacity_providers (
    arn TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
