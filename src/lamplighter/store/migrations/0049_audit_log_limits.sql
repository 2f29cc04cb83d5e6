-- How many entries of the audit log each caller has caused in an hour.

CREATE TABLE audit_limits (
    who TEXT NOT NULL,
    how TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour INTEGER NOT NULL,
    number INTEGER NOT NULL,
    further_entry INTEGER,
    PRIMARY KEY (who, how, kind)
) WITHOUT ROWID;
