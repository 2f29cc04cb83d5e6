-- Dashboards, which nothing drew.
DROP TABLE monitoring_resources;
