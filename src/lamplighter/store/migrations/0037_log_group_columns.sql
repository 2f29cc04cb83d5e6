-- The last columns and indexes with private names. A timer's name contains the name of such a column.

ALTER TABLE log_streams RENAME COLUMN grp TO log_group;
ALTER TABLE log_chunks RENAME COLUMN grp TO log_group;
ALTER TABLE log_filters RENAME COLUMN grp TO log_group;
UPDATE timers SET name = replace(name, 'drop.grp.', 'drop.log_group.') WHERE service = 'logs';

DROP INDEX watches_by_work;
CREATE INDEX external_names_by_task ON external_names (execution, frame, number);
