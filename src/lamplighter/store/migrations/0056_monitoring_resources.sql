-- Dashboards, metric streams, rules of Contributor Insights, and anomaly detectors.

CREATE TABLE monitoring_resources (
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, name)
) WITHOUT ROWID;

-- The alarms that suppress the actions of composite alarms.
CREATE TABLE alarm_suppressors (
    composite TEXT PRIMARY KEY,
    suppressor TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX alarm_suppressors_by_suppressor ON alarm_suppressors (suppressor);
INSERT INTO alarm_suppressors
    SELECT arn, CASE WHEN name LIKE 'arn:%' THEN name ELSE substr(arn, 1, length(arn) - length(own)) || name END
    FROM (
        SELECT arn, name AS own, json_extract(body, '$.settings.ActionsSuppressor') AS name
        FROM alarms WHERE json_valid(body)
    )
    WHERE name IS NOT NULL;

-- How many messages are received and deleted, and how large the sent ones are.
ALTER TABLE sqs_sent_counts RENAME TO sqs_message_counts;
ALTER TABLE sqs_message_counts RENAME COLUMN number TO sent;
ALTER TABLE sqs_message_counts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sqs_message_counts ADD COLUMN smallest INTEGER;
ALTER TABLE sqs_message_counts ADD COLUMN largest INTEGER;
ALTER TABLE sqs_message_counts ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sqs_message_counts ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
