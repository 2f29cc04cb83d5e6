-- Indexes for the health document and the metrics.

CREATE TRIGGER letters_counted AFTER UPDATE OF outcome ON letters WHEN old.outcome IS NULL AND new.outcome IS NOT NULL
BEGIN
    INSERT INTO counts VALUES ('delivery', new.outcome, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE INDEX slots_by_fired ON slots (fired) WHERE fired IS NOT NULL;
