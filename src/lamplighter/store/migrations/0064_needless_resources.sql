-- What no job needed and nothing read: queries of Logs Insights, mute rules, metric streams, anomaly detectors, rules of
-- Contributor Insights, instance profiles, settings of ECS accounts, and numbers of the SMS sandbox.
DROP TABLE log_queries;
DROP TABLE log_query_results;
DELETE FROM outbox WHERE service = 'logs';
DELETE FROM log_resources WHERE kind = 'query-definition';
DELETE FROM monitoring_resources WHERE kind <> 'dashboard';
DELETE FROM timers WHERE service = 'monitoring' AND name = 'mute';
DROP TABLE iam_instance_profiles;
DROP TABLE account_settings;
DROP TABLE sms_sandbox_numbers;
