CREATE TABLE ssm_parameters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,  -- the latest one
    tags TEXT NOT NULL,
    UNIQUE (account, region, name)
);

CREATE TABLE ssm_parameter_versions (
    parameter INTEGER NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,        -- encrypted if the type is SecureString
    modified INTEGER NOT NULL,  -- milliseconds since the epoch
    labels TEXT NOT NULL,
    body TEXT NOT NULL,         -- everything else, in the form of the API
    PRIMARY KEY (parameter, version)
) WITHOUT ROWID;
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

-- Its only row names the key of the secrets (store/encryption.py), so that no other key takes the place of a lost one.
CREATE TABLE secrets_key (fingerprint TEXT NOT NULL);
