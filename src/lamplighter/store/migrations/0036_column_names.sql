-- Columns and tables get the names that the program uses for them. No data changes.

ALTER TABLE timers RENAME COLUMN elapsed TO steady_clock;
ALTER TABLE unapplied_files RENAME COLUMN told TO alerted;
ALTER TABLE watches RENAME TO external_names;
ALTER TABLE external_names RENAME COLUMN key TO name;
ALTER TABLE fan_outs RENAME TO child_progress;
ALTER TABLE pending_events RENAME COLUMN begun TO unsaved_tries;
ALTER TABLE sqs_messages RENAME COLUMN tries TO receives;
ALTER TABLE sqs_messages RENAME COLUMN received TO total_receives;
ALTER TABLE sqs_messages RENAME COLUMN first TO first_received;
ALTER TABLE sqs_messages RENAME COLUMN taken TO last_received;
ALTER TABLE sqs_messages RENAME COLUMN grp TO group_id;
ALTER TABLE sqs_messages RENAME COLUMN dedup TO deduplication_id;
ALTER TABLE sqs_sent RENAME COLUMN dedup TO deduplication_id;
ALTER TABLE archived_events RENAME COLUMN time TO arrived;
ALTER TABLE archived_events RENAME COLUMN happened TO occurred;
ALTER TABLE metric_points RENAME COLUMN least TO minimum;
ALTER TABLE metric_points RENAME COLUMN most TO maximum;
ALTER TABLE metric_points RENAME COLUMN spread TO value_counts;
ALTER TABLE shipments RENAME TO shipped_lines;
ALTER TABLE schedules RENAME COLUMN mark TO annotation;
ALTER TABLE dropped_slots RENAME COLUMN mark TO annotation;
ALTER TABLE stacks RENAME COLUMN phase TO pass_number;
ALTER TABLE stack_resources RENAME COLUMN phase TO pass_number;
