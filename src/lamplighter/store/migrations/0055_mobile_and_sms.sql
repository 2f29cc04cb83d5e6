-- SNS: mobile applications and their endpoints, the settings of text messages, and the phone numbers of the SMS sandbox.

CREATE TABLE platform_applications (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    platform TEXT NOT NULL,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE platform_endpoints (
    arn TEXT PRIMARY KEY,
    application TEXT NOT NULL,
    token TEXT NOT NULL,
    attributes TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX platform_endpoints_by_token ON platform_endpoints (application, token);
CREATE INDEX platform_endpoints_by_application ON platform_endpoints (application, arn);

CREATE TABLE sms_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (account, region)
) WITHOUT ROWID;

CREATE TABLE sms_sandbox_numbers (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    number TEXT NOT NULL,
    PRIMARY KEY (account, region, number)
) WITHOUT ROWID;
