-- For how long ended things are kept.

CREATE TABLE retention_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    runs INTEGER,
    output INTEGER,
    mails INTEGER,
    slots INTEGER
);
