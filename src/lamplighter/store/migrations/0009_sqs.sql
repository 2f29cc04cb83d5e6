-- SQS: queues, messages and earlier requests. Times are on the steady clock unless stated otherwise.

CREATE TABLE sqs_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- where its messages are; a purge gives the queue a new one
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,              -- wall clock
    modified INTEGER NOT NULL,             -- wall clock
    attributes TEXT NOT NULL,              -- those that were set
    tags TEXT NOT NULL,
    dead_letter TEXT,                      -- the ARN of its dead-letter queue
    purged INTEGER,
    messages INTEGER NOT NULL,             -- how many there are; kept by the triggers below
    UNIQUE (account, region, name)
);
CREATE INDEX sqs_queues_by_dead_letter ON sqs_queues (dead_letter, name) WHERE dead_letter IS NOT NULL;

CREATE TABLE sqs_deleted (                 -- names that are not free yet
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;

CREATE TABLE sqs_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they were sent; never used again
    queue INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    trace TEXT,
    sender TEXT NOT NULL,
    sent INTEGER NOT NULL,                 -- wall clock
    enqueued INTEGER NOT NULL,             -- from when it is kept for as long as the queue says
    visible INTEGER NOT NULL,              -- from when it can be received
    tries INTEGER NOT NULL,                -- how often it was received from this queue
    received INTEGER NOT NULL,             -- and from all queues
    first INTEGER,                         -- when for the first time; wall clock
    taken INTEGER,                         -- when for the last time
    grp TEXT,
    dedup TEXT,
    source TEXT                            -- the ARN of the queue from which it was moved to this dead-letter queue
);
CREATE INDEX sqs_messages_by_time ON sqs_messages (queue, visible, tries);
CREATE INDEX sqs_messages_by_age ON sqs_messages (queue, enqueued);
CREATE INDEX sqs_messages_by_group ON sqs_messages (queue, grp, id) WHERE grp IS NOT NULL;

CREATE TRIGGER sqs_messages_come AFTER INSERT ON sqs_messages BEGIN
    UPDATE sqs_queues SET messages = messages + 1 WHERE id = NEW.queue;
END;
CREATE TRIGGER sqs_messages_go AFTER DELETE ON sqs_messages BEGIN
    UPDATE sqs_queues SET messages = messages - 1 WHERE id = OLD.queue;
END;

CREATE TABLE sqs_groups (                  -- of FIFO queues: those that have messages
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    ready INTEGER NOT NULL,                -- from when its first message can be received, and none of it is in flight
    PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE INDEX sqs_groups_by_ready ON sqs_groups (queue, ready);

CREATE TABLE sqs_sent (                    -- messages that must not be sent again
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    scope TEXT NOT NULL,                   -- the group where the queue deduplicates by group, or nothing
    dedup TEXT NOT NULL,
    uuid TEXT NOT NULL,
    message INTEGER NOT NULL,
    until INTEGER NOT NULL,
    UNIQUE (queue, scope, dedup)
);
CREATE INDEX sqs_sent_by_time ON sqs_sent (queue, until);

CREATE TABLE sqs_attempts (                -- receives of FIFO queues that may be asked for again
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    attempt TEXT NOT NULL,
    taken TEXT NOT NULL,                   -- the messages, each as it was left
    until INTEGER NOT NULL,
    UNIQUE (queue, attempt)
);
CREATE INDEX sqs_attempts_by_time ON sqs_attempts (queue, until);

CREATE TABLE sqs_moves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handle TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,                  -- ARNs
    destination TEXT,                      -- nothing: each message goes to where it came from
    rate INTEGER,                          -- messages a second
    status TEXT NOT NULL,
    started INTEGER NOT NULL,              -- wall clock
    moved INTEGER NOT NULL,
    total INTEGER NOT NULL,
    failure TEXT
);
CREATE INDEX sqs_moves_by_source ON sqs_moves (source, id);
