-- Who did what, and the users that the engine has seen in its users file.

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    who TEXT NOT NULL,
    how TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX audit_log_by_time ON audit_log (time);
CREATE TABLE seen_users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_digest TEXT NOT NULL
) WITHOUT ROWID;
