-- The outbox says for what it does something, so that a row that can't be read is missed by the right one.

ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL DEFAULT '';
