-- SNS: topics, subscriptions and deliveries.

CREATE TABLE topics (
    arn TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    attributes TEXT NOT NULL,      -- those that were given, by AWS's names
    tags TEXT NOT NULL,
    protection TEXT,               -- the data protection policy
    sequence INTEGER NOT NULL      -- of the last message of a FIFO topic
) WITHOUT ROWID;
CREATE INDEX topics_by_account ON topics (account, region, arn);

CREATE TABLE topic_counts (
    topic TEXT PRIMARY KEY,
    published INTEGER NOT NULL,
    filtered INTEGER NOT NULL,     -- deliveries that a filter policy kept back
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    redriven INTEGER NOT NULL      -- of those that failed, how many are in a dead-letter queue
) WITHOUT ROWID;

CREATE TABLE topic_published (           -- what a FIFO topic took in the last five minutes
    topic TEXT NOT NULL,
    scope TEXT NOT NULL,           -- the message group, where deduplication is within each
    deduplication TEXT NOT NULL,
    message TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    until INTEGER NOT NULL,        -- milliseconds since the epoch
    PRIMARY KEY (topic, scope, deduplication)
) WITHOUT ROWID;
CREATE INDEX topic_published_until ON topic_published (topic, until);

CREATE TABLE subscriptions (
    arn TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    status TEXT NOT NULL,          -- PENDING, CONFIRMED, DELETED
    token TEXT NOT NULL,           -- what confirms it
    authenticated INTEGER NOT NULL,-- 1: who confirmed it had signed
    locked INTEGER NOT NULL,       -- 1: who unsubscribes it must have signed
    attributes TEXT NOT NULL,
    free INTEGER NOT NULL          -- from when on its throttle lets the next message go; the steady clock's milliseconds
) WITHOUT ROWID;
CREATE UNIQUE INDEX subscriptions_by_endpoint ON subscriptions (topic, protocol, endpoint);
CREATE INDEX subscriptions_by_topic ON subscriptions (topic, arn);
CREATE INDEX subscriptions_by_account ON subscriptions (account, region, arn);
CREATE INDEX subscriptions_by_token ON subscriptions (token);

CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    subscription TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    message TEXT NOT NULL,         -- its MessageId
    type TEXT NOT NULL,            -- Notification, SubscriptionConfirmation, UnsubscribeConfirmation
    status TEXT NOT NULL,          -- WAITING, DELIVERED, FAILED
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,      -- when it was last attempted
    error TEXT,
    body TEXT                      -- what is delivered, while it waits
);
CREATE INDEX notifications_by_outcome ON notifications (topic, status, id);
CREATE INDEX notifications_by_topic ON notifications (topic, id);
CREATE INDEX notifications_by_status ON notifications (status);
