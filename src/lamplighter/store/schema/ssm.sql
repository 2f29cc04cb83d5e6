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
