-- The number of messages sent to each queue in each minute: CloudWatch's NumberOfMessagesSent.

CREATE TABLE sqs_sent_counts (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    queue TEXT NOT NULL,           -- its name: a purge gives a queue a new id
    minute INTEGER NOT NULL,       -- milliseconds since the epoch
    number INTEGER NOT NULL,
    PRIMARY KEY (account, region, queue, minute)
) WITHOUT ROWID;
