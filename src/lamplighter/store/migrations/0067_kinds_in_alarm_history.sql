-- The history of alarms, which an unreleased version dropped, says whether an alarm is a composite one.
CREATE TABLE IF NOT EXISTS alarm_history (
    id INTEGER PRIMARY KEY,
    alarm TEXT NOT NULL,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS alarm_history_by_alarm ON alarm_history (alarm, id);
CREATE INDEX IF NOT EXISTS alarm_history_by_time ON alarm_history (time);
ALTER TABLE alarm_history ADD COLUMN kind TEXT NOT NULL DEFAULT 'MetricAlarm';
UPDATE alarm_history SET kind = 'CompositeAlarm' WHERE alarm IN (
    SELECT arn FROM alarms WHERE CASE WHEN json_valid(body) THEN json_type(body, '$.settings.AlarmRule') END IS NOT NULL
);
