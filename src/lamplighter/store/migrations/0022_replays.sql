-- A replay selects events by their own time, not by their arrival.

ALTER TABLE archived_events ADD COLUMN happened INTEGER NOT NULL DEFAULT 0;
UPDATE archived_events SET happened =
    CASE WHEN json_valid(body) THEN
        coalesce(CAST(strftime('%s', json_extract(body, '$.time')) AS INTEGER) * 1000, time)
    ELSE time END;
UPDATE archived_events SET happened = time WHERE happened = time / 1000 * 1000;
CREATE INDEX archived_events_by_happening ON archived_events (archive, happened, id);
