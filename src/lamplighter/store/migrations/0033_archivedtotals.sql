-- The number and size of an archive's events for each ten minutes, so that no query counts single events.

CREATE TABLE archived_totals (
    archive TEXT NOT NULL,
    span INTEGER NOT NULL,         -- the time divided by 600,000 ms
    number INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (archive, span)
) WITHOUT ROWID;
INSERT INTO archived_totals
    SELECT archive, time / 600000, count(*), sum(length(CAST(body AS BLOB))) FROM archived_events GROUP BY 1, 2;

CREATE TRIGGER archived_events_added AFTER INSERT ON archived_events BEGIN
    INSERT INTO archived_totals VALUES (NEW.archive, NEW.time / 600000, 1, length(CAST(NEW.body AS BLOB)))
        ON CONFLICT (archive, span) DO UPDATE SET number = number + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER archived_events_deleted AFTER DELETE ON archived_events BEGIN
    UPDATE archived_totals SET number = number - 1, bytes = bytes - length(CAST(OLD.body AS BLOB))
        WHERE archive = OLD.archive AND span = OLD.time / 600000;
    DELETE FROM archived_totals WHERE archive = OLD.archive AND span = OLD.time / 600000 AND number = 0;
END;
