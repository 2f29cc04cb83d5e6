-- Resource policies of CloudWatch Logs: stored and shown.

CREATE TABLE log_policies (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    resource TEXT NOT NULL,        -- the ARN of a log group; nothing where the policy is the account's
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    revision TEXT NOT NULL,
    updated INTEGER NOT NULL,      -- milliseconds since the epoch
    PRIMARY KEY (account, region, resource, name)
) WITHOUT ROWID;
