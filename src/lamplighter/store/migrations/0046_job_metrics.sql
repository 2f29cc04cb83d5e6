-- Metrics of each job: how its executions ended, which schedules start it, and how many slots were dropped.

CREATE TABLE execution_totals (
    machine TEXT NOT NULL,
    status TEXT NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    PRIMARY KEY (machine, status)
) WITHOUT ROWID;
CREATE TRIGGER execution_totals_inserted AFTER INSERT ON executions WHEN instr(new.machine, '/') = 0 BEGIN
    INSERT INTO execution_totals
        VALUES (
            new.machine,
            CASE WHEN new.output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE new.status END,
            1, new.start, new.stop
        )
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
CREATE TRIGGER execution_totals_updated AFTER UPDATE OF status ON executions
WHEN old.status <> new.status AND instr(new.machine, '/') = 0 BEGIN
    UPDATE execution_totals SET number = number - 1
        WHERE machine = old.machine AND status = 'RUNNING' AND old.status = 'RUNNING';
    INSERT INTO execution_totals
        VALUES (
            new.machine,
            CASE WHEN new.output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE new.status END,
            1, coalesce((SELECT date FROM redrives WHERE execution = new.id), new.start), new.stop
        )
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
CREATE TRIGGER execution_totals_deleted AFTER DELETE ON executions
WHEN old.status = 'RUNNING' AND instr(old.machine, '/') = 0 BEGIN
    UPDATE execution_totals SET number = number - 1 WHERE machine = old.machine AND status = 'RUNNING';
END;
CREATE TRIGGER execution_totals_forgotten AFTER DELETE ON state_machines BEGIN
    DELETE FROM execution_totals WHERE machine = old.arn;
END;
INSERT INTO execution_totals
    SELECT machine, ended, count(*), start, max(stop)
    FROM (
        SELECT machine, start, stop,
            CASE WHEN output LIKE '{"skipped":true,"running":%"arn:%' THEN 'SKIPPED' ELSE status END AS ended
        FROM executions WHERE machine IN (SELECT arn FROM state_machines)
    )
    GROUP BY machine, ended;

ALTER TABLE schedules ADD COLUMN starts TEXT NOT NULL DEFAULT '';
UPDATE schedules SET starts = coalesce(
    CASE
        WHEN json_extract(body, '$.Target.Arn') NOT LIKE '%:aws-sdk:sfn:startExecution'
            AND json_extract(body, '$.Target.Arn') NOT LIKE '%--start'
            THEN json_extract(body, '$.Target.Arn')
        WHEN json_valid(json_extract(body, '$.Target.Input')) THEN coalesce(
            json_extract(json_extract(body, '$.Target.Input'), '$.StateMachineArn'),
            json_extract(json_extract(body, '$.Target.Input'), '$.machine')
        )
    END, ''
) WHERE json_valid(body);
-- Cut off the number of a version, or the name of an alias.
UPDATE schedules SET starts = substr(
    starts, 1, instr(starts, ':stateMachine:') + 12 + instr(substr(starts, instr(starts, ':stateMachine:') + 14), ':')
) WHERE starts LIKE '%:stateMachine:%:%';
CREATE INDEX schedules_by_start ON schedules (starts, id);

CREATE TABLE dropped_totals (
    starts TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;
