-- Requests of EventBridge and Scheduler to targets. A finished row stays for two days, so that nothing is sent twice.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,      -- the service that sends it
    key TEXT NOT NULL,         -- the sender's name for it, never used again
    created INTEGER NOT NULL,  -- milliseconds of the steady clock; its age counts from here
    attempts INTEGER NOT NULL,
    finished INTEGER,          -- milliseconds since the epoch; NULL: still to be sent
    outcome TEXT,
    body TEXT NOT NULL,        -- the request; empty after it is finished
    UNIQUE (sender, key)
);
CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished IS NOT NULL;
CREATE INDEX deliveries_pending ON deliveries (sender, created) WHERE finished IS NULL;
CREATE TRIGGER deliveries_counted AFTER UPDATE OF outcome ON deliveries
WHEN old.outcome IS NULL AND new.outcome IS NOT NULL BEGIN
    INSERT INTO row_counts VALUES ('delivery', new.outcome, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

-- The latest alerts that reached nobody.
CREATE TABLE lost_alerts (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,  -- milliseconds since the epoch
    recipient TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX lost_alerts_by_time ON lost_alerts (time);
