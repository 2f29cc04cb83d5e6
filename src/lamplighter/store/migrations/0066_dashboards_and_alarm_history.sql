-- Dashboards, which nothing drew, and the history of alarms, which nothing read.
DROP TABLE monitoring_resources;
DROP TABLE alarm_history;
