-- IAM's roles and policies. IAM has no regions.
CREATE TABLE iam_roles (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,     -- unique in an account, apart from upper and lower case
    path TEXT NOT NULL,
    role_id TEXT NOT NULL,                 -- AROA…
    trust TEXT NOT NULL,                   -- the trust policy
    description TEXT,
    max_session INTEGER NOT NULL,          -- seconds
    boundary TEXT,                         -- the ARN of the managed policy that bounds the role's permissions
    tags TEXT NOT NULL,
    created INTEGER NOT NULL,              -- milliseconds since the epoch
    UNIQUE (account, name)
) WITHOUT ROWID;
CREATE INDEX iam_roles_by_boundary ON iam_roles (boundary) WHERE boundary IS NOT NULL;

CREATE TABLE iam_role_policies (
    role TEXT NOT NULL,                    -- the role's ARN
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (role, name)
) WITHOUT ROWID;

CREATE TABLE iam_attachments (
    role TEXT NOT NULL,                    -- the role's ARN
    policy TEXT NOT NULL,                  -- the ARN of a managed policy
    PRIMARY KEY (role, policy)
) WITHOUT ROWID;
CREATE INDEX iam_attachments_by_policy ON iam_attachments (policy);

CREATE TABLE iam_policies (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    path TEXT NOT NULL,
    policy_id TEXT NOT NULL,               -- ANPA…
    description TEXT,
    default_version INTEGER NOT NULL,
    last_version INTEGER NOT NULL,         -- the number of the last version that was created
    tags TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (account, name)
) WITHOUT ROWID;

CREATE TABLE iam_policy_versions (
    policy TEXT NOT NULL,
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (policy, number)
) WITHOUT ROWID;

-- Its only row grows with every change of a role or policy: what was compiled under an older version is out of date.
CREATE TABLE iam_version (version INTEGER NOT NULL);
INSERT INTO iam_version VALUES (1);
