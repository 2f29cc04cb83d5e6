-- Tables and columns get the names that the program uses for them. No data changes, but the key of a delivery's time.

ALTER TABLE letters RENAME TO deliveries;
ALTER TABLE deliveries RENAME COLUMN born TO created;
ALTER TABLE deliveries RENAME COLUMN tries TO attempts;
ALTER TABLE deliveries RENAME COLUMN settled TO finished;
UPDATE deliveries SET body = json_set(json_remove(body, '$.born'), '$.created', json_extract(body, '$.born'))
WHERE json_valid(body) AND json_type(body, '$.born') IS NOT NULL;
DROP INDEX letters_settled;
CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished IS NOT NULL;
DROP INDEX letters_waiting;
CREATE INDEX deliveries_pending ON deliveries (sender, created) WHERE finished IS NULL;
DROP TRIGGER letters_counted;

ALTER TABLE counts RENAME TO row_counts;
CREATE TRIGGER deliveries_counted AFTER UPDATE OF outcome ON deliveries
WHEN old.outcome IS NULL AND new.outcome IS NOT NULL BEGIN
    INSERT INTO row_counts VALUES ('delivery', new.outcome, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

ALTER TABLE notifications RENAME TO sns_deliveries;
DROP INDEX notifications_by_outcome;
CREATE INDEX sns_deliveries_by_outcome ON sns_deliveries (topic, status, id);
DROP INDEX notifications_by_status;
CREATE INDEX sns_deliveries_by_status ON sns_deliveries (status);
DROP INDEX notifications_by_topic;
CREATE INDEX sns_deliveries_by_topic ON sns_deliveries (topic, id);
ALTER TABLE subscriptions RENAME COLUMN free TO throttled_until;
ALTER TABLE topic_published RENAME TO accepted_messages;
DROP INDEX topic_published_until;
CREATE INDEX accepted_messages_until ON accepted_messages (topic, until);

ALTER TABLE machines RENAME TO state_machines;
ALTER TABLE executions RENAME COLUMN head TO counters;
ALTER TABLE fans RENAME TO fan_outs;
ALTER TABLE results RENAME TO child_results;
ALTER TABLE frames RENAME COLUMN going TO ready;
DROP INDEX frames_going;
CREATE INDEX frames_ready ON frames (execution) WHERE ready;
ALTER TABLE suspects RENAME TO step_deaths;

ALTER TABLE clock RENAME TO clock_jump;
ALTER TABLE outbox RENAME COLUMN made TO created;
ALTER TABLE unapplied RENAME TO unapplied_files;
ALTER TABLE event_rulebook RENAME TO event_rules_version;
ALTER TABLE run_tokens RENAME TO run_task_tokens;
ALTER TABLE run_task_tokens RENAME COLUMN made TO created;
DROP INDEX run_tokens_by_age;
CREATE INDEX run_task_tokens_by_age ON run_task_tokens (created);
ALTER TABLE log_policies RENAME TO log_resource_policies;
ALTER TABLE scheduler_requests RENAME TO scheduler_client_tokens;
DROP INDEX scheduler_requests_by_age;
CREATE INDEX scheduler_client_tokens_by_age ON scheduler_client_tokens (at);
