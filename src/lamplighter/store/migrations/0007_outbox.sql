-- An outbox row names its subject, so that a row that cannot be read fails the right one.

ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL DEFAULT '';
