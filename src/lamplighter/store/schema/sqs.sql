CREATE TABLE sqs_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- messages refer to it; a purge gives the queue a new id
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,              -- milliseconds since the epoch
    modified INTEGER NOT NULL,
    attributes TEXT NOT NULL,              -- those that the user set
    tags TEXT NOT NULL,
    dead_letter TEXT,                      -- the ARN of its dead-letter queue
    purged INTEGER,                        -- milliseconds of the steady clock
    messages INTEGER NOT NULL,             -- the number of its messages, kept by triggers
    UNIQUE (account, region, name)
);
CREATE INDEX sqs_queues_by_dead_letter ON sqs_queues (dead_letter, name) WHERE dead_letter IS NOT NULL;

-- Names of deleted queues that no new queue may have yet.
CREATE TABLE sqs_deleted (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,  -- milliseconds of the steady clock
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;

CREATE TABLE sqs_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of sending; never used again
    queue INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    trace TEXT,
    sender TEXT NOT NULL,
    sent INTEGER NOT NULL,                 -- by the wall clock, in milliseconds since the epoch
    enqueued INTEGER NOT NULL,             -- by the steady clock: its retention counts from here
    visible INTEGER NOT NULL,              -- by the steady clock: from when a client can receive it
    receives INTEGER NOT NULL,             -- how often clients received it from this queue
    total_receives INTEGER NOT NULL,       -- the same, with other queues before a move
    first_received INTEGER,                -- by the wall clock
    last_received INTEGER,
    group_id TEXT,
    deduplication_id TEXT,
    source TEXT                            -- the ARN of the queue that moved it to this dead-letter queue
);
CREATE INDEX sqs_messages_by_time ON sqs_messages (queue, visible, receives);
CREATE INDEX sqs_messages_by_age ON sqs_messages (queue, enqueued);
CREATE INDEX sqs_messages_by_group ON sqs_messages (queue, group_id, id) WHERE group_id IS NOT NULL;
CREATE TRIGGER sqs_messages_come AFTER INSERT ON sqs_messages BEGIN
    UPDATE sqs_queues SET messages = messages + 1 WHERE id = NEW.queue;
END;
CREATE TRIGGER sqs_messages_go AFTER DELETE ON sqs_messages BEGIN
    UPDATE sqs_queues SET messages = messages - 1 WHERE id = OLD.queue;
END;

-- The message groups of FIFO queues that have messages.
CREATE TABLE sqs_groups (
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    ready INTEGER NOT NULL,  -- when a client can receive its first message
    PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE INDEX sqs_groups_by_ready ON sqs_groups (queue, ready);

-- Deduplication ids of the last five minutes.
CREATE TABLE sqs_sent (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    scope TEXT NOT NULL,  -- the message group, if the queue deduplicates by group; else empty
    deduplication_id TEXT NOT NULL,
    uuid TEXT NOT NULL,
    message INTEGER NOT NULL,
    until INTEGER NOT NULL,
    UNIQUE (queue, scope, deduplication_id)
);
CREATE INDEX sqs_sent_by_time ON sqs_sent (queue, until);

-- Receive requests of FIFO queues that a client may repeat (ReceiveRequestAttemptId).
CREATE TABLE sqs_attempts (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    attempt TEXT NOT NULL,
    taken TEXT NOT NULL,  -- the messages, in the state after the receive
    until INTEGER NOT NULL,
    UNIQUE (queue, attempt)
);
CREATE INDEX sqs_attempts_by_time ON sqs_attempts (queue, until);

-- Message move tasks.
CREATE TABLE sqs_moves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handle TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,      -- an ARN
    destination TEXT,          -- an ARN; NULL: each message returns to its source
    rate INTEGER,              -- messages a second
    status TEXT NOT NULL,
    started INTEGER NOT NULL,  -- milliseconds since the epoch
    moved INTEGER NOT NULL,
    total INTEGER NOT NULL,
    failure TEXT
);
CREATE INDEX sqs_moves_by_source ON sqs_moves (source, id);

-- The numbers of messages sent, received and deleted in each minute, for metrics.
CREATE TABLE sqs_message_counts (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    queue TEXT NOT NULL,      -- its name, because a purge gives the queue a new id
    minute INTEGER NOT NULL,  -- milliseconds since the epoch
    sent INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,  -- the size of all sent messages
    smallest INTEGER,                  -- the sizes of the smallest and the largest one; NULL: not known
    largest INTEGER,
    received INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, region, queue, minute)
) WITHOUT ROWID;
