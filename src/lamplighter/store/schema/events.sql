-- Event buses, rules, archives, replays, connections and API destinations.
CREATE TABLE event_resources (
    kind TEXT NOT NULL,   -- bus, rule, archive, replay, connection, api-destination
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    scope TEXT NOT NULL,  -- of a rule: its bus; else empty
    name TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    body TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, scope, name)
) WITHOUT ROWID;

CREATE TABLE event_targets (
    rule TEXT NOT NULL,
    id TEXT NOT NULL,
    arn TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rule, id)
) WITHOUT ROWID;
CREATE INDEX event_targets_by_arn ON event_targets (arn, rule);

-- One row: a value that changes with every change to rules or targets.
CREATE TABLE event_rules_version (
    version TEXT NOT NULL
);
INSERT INTO event_rules_version VALUES ('');

CREATE TABLE archived_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    archive TEXT NOT NULL,
    arrived INTEGER NOT NULL,            -- milliseconds since the epoch
    body TEXT NOT NULL,
    occurred INTEGER NOT NULL DEFAULT 0  -- the event's own time, in milliseconds since the epoch
);
CREATE INDEX archived_events_by_time ON archived_events (archive, arrived, id);
CREATE INDEX archived_events_by_happening ON archived_events (archive, occurred, id);
CREATE TRIGGER archived_events_added AFTER INSERT ON archived_events BEGIN
    INSERT INTO archived_totals VALUES (NEW.archive, NEW.arrived / 600000, 1, length(CAST(NEW.body AS BLOB)))
        ON CONFLICT (archive, span) DO UPDATE SET number = number + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER archived_events_deleted AFTER DELETE ON archived_events BEGIN
    UPDATE archived_totals SET number = number - 1, bytes = bytes - length(CAST(OLD.body AS BLOB))
        WHERE archive = OLD.archive AND span = OLD.arrived / 600000;
    DELETE FROM archived_totals WHERE archive = OLD.archive AND span = OLD.arrived / 600000 AND number = 0;
END;

-- The number and the size of an archive's events, for each span of ten minutes. Triggers keep it.
CREATE TABLE archived_totals (
    archive TEXT NOT NULL,
    span INTEGER NOT NULL,  -- the time of arrival divided by 600,000 ms
    number INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (archive, span)
) WITHOUT ROWID;
