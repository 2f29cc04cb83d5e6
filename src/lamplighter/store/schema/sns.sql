CREATE TABLE topics (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    attributes TEXT NOT NULL,  -- those that the user set, by AWS's names
    tags TEXT NOT NULL,
    protection TEXT,           -- the data protection policy
    sequence INTEGER NOT NULL  -- the number of the last message of a FIFO topic
) WITHOUT ROWID;
CREATE INDEX topics_by_account ON topics (account, region, arn);

-- Totals for metrics.
CREATE TABLE topic_counts (
    topic TEXT PRIMARY KEY,
    published INTEGER NOT NULL,
    filtered INTEGER NOT NULL,  -- messages that a filter policy held back
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    redriven INTEGER NOT NULL   -- the failed ones that are in a dead-letter queue
) WITHOUT ROWID;

-- Deduplication ids of the last five minutes of FIFO topics.
CREATE TABLE accepted_messages (
    topic TEXT NOT NULL,
    scope TEXT NOT NULL,     -- the message group, if the topic deduplicates by group; else empty
    deduplication TEXT NOT NULL,
    message TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    until INTEGER NOT NULL,  -- milliseconds since the epoch
    PRIMARY KEY (topic, scope, deduplication)
) WITHOUT ROWID;
CREATE INDEX accepted_messages_until ON accepted_messages (topic, until);

CREATE TABLE subscriptions (
    arn TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    status TEXT NOT NULL,             -- PENDING, CONFIRMED, DELETED
    token TEXT NOT NULL,              -- the token that confirms it
    authenticated INTEGER NOT NULL,   -- 1: a signed request confirmed it
    locked INTEGER NOT NULL,          -- 1: only a signed request may unsubscribe it
    attributes TEXT NOT NULL,
    throttled_until INTEGER NOT NULL  -- when its throttle lets the next message go, in milliseconds of the steady clock
) WITHOUT ROWID;
CREATE UNIQUE INDEX subscriptions_by_endpoint ON subscriptions (topic, protocol, endpoint);
CREATE INDEX subscriptions_by_topic ON subscriptions (topic, arn);
CREATE INDEX subscriptions_by_account ON subscriptions (account, region, arn);
CREATE INDEX subscriptions_by_token ON subscriptions (token);

-- Messages to single subscriptions.
CREATE TABLE sns_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    subscription TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    message TEXT NOT NULL,     -- the MessageId
    type TEXT NOT NULL,        -- Notification, SubscriptionConfirmation, UnsubscribeConfirmation
    status TEXT NOT NULL,      -- WAITING, DELIVERED, FAILED
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,  -- when it was last attempted
    error TEXT,
    body TEXT                  -- what to deliver; after the delivery, the execution that it names, or NULL
);
CREATE INDEX sns_deliveries_by_outcome ON sns_deliveries (topic, status, id);
CREATE INDEX sns_deliveries_by_status ON sns_deliveries (status);
CREATE INDEX sns_deliveries_by_topic ON sns_deliveries (topic, id);

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
