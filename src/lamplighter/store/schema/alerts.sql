-- Failures that a person has seen: the ARN of a run, or of a schedule with a missed time.
CREATE TABLE acknowledgements (
    subject TEXT PRIMARY KEY,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    time INTEGER NOT NULL
) WITHOUT ROWID;
