-- Metrics of the tasks that schedules and rules start without a state machine.

CREATE TABLE scheduled_task_totals (
    cluster TEXT NOT NULL,
    family TEXT NOT NULL,
    outcome TEXT NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER,
    stop INTEGER,
    PRIMARY KEY (cluster, family, outcome)
) WITHOUT ROWID;
CREATE TRIGGER scheduled_tasks_counted AFTER UPDATE OF status ON tasks
WHEN old.status <> 'STOPPED' AND new.status = 'STOPPED' AND json_valid(new.body)
    AND (new.started_by LIKE 'chronos-schedule/%' OR new.started_by LIKE 'events-rule/%') BEGIN
    INSERT INTO scheduled_task_totals
        SELECT new.cluster, new.family,
            -- 137 and 143: the container was killed, because another one had ended.
            CASE WHEN min(code IN (0, 137, 143)) AND max(code = 0) THEN 'SUCCEEDED' ELSE 'FAILED' END,
            1,
            coalesce(json_extract(new.body, '$.startedAt'), json_extract(new.body, '$.createdAt')),
            json_extract(new.body, '$.stoppedAt')
        FROM (
            SELECT coalesce(json_extract(value, '$.exitCode'), -1) AS code
            FROM json_each(new.body, '$.containers')
        )
        WHERE TRUE
        ON CONFLICT DO UPDATE SET number = number + 1, start = excluded.start, stop = excluded.stop;
END;
INSERT INTO scheduled_task_totals
    SELECT cluster, family, outcome, count(*), start, max(stop)
    FROM (
        SELECT cluster, family,
            coalesce(json_extract(body, '$.startedAt'), json_extract(body, '$.createdAt')) AS start,
            json_extract(body, '$.stoppedAt') AS stop,
            CASE
                WHEN (
                    SELECT min(code IN (0, 137, 143)) AND max(code = 0) FROM (
                        SELECT coalesce(json_extract(value, '$.exitCode'), -1) AS code
                        FROM json_each(body, '$.containers')
                    )
                ) THEN 'SUCCEEDED'
                ELSE 'FAILED'
            END AS outcome
        FROM tasks
        WHERE status = 'STOPPED' AND json_valid(body)
            AND (started_by LIKE 'chronos-schedule/%' OR started_by LIKE 'events-rule/%')
    )
    GROUP BY cluster, family, outcome;
