-- Limits of the audit log, for how long it is kept, and how long redriven executions ran.

ALTER TABLE retention_settings ADD COLUMN audit INTEGER;

CREATE TABLE audit_limits (
    who TEXT NOT NULL,
    how TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour INTEGER NOT NULL,
    number INTEGER NOT NULL,
    further_entry INTEGER,
    PRIMARY KEY (who, how, kind)
) WITHOUT ROWID;

-- How long redriven executions did not run; of an earlier redrive, only its last part is known.
ALTER TABLE redrives ADD COLUMN idle INTEGER NOT NULL DEFAULT 0;
UPDATE redrives SET idle = coalesce(date - (SELECT start FROM executions WHERE id = execution), 0)
    WHERE date IS NOT NULL;
DROP TRIGGER execution_totals_updated;
CREATE TRIGGER execution_totals_updated AFTER UPDATE OF status ON executions
WHEN old.status <> new.status AND instr(new.machine, '/') = 0 BEGIN
    UPDATE execution_totals SET number = number - 1
        WHERE machine = old.machine AND status = 'RUNNING' AND old.status = 'RUNNING';
    INSERT INTO execution_totals
        VALUES (
            new.machine,
            CASE WHEN new.output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE new.status END,
            1, new.start + coalesce((SELECT idle FROM redrives WHERE execution = new.id), 0), new.stop
        )
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
