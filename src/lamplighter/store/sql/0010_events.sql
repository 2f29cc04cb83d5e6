-- Letters: calls that are to be delivered to a target.

CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,          -- the service whose letter it is
    key TEXT NOT NULL,             -- the sender's name for it, which never repeats
    born INTEGER NOT NULL,         -- milliseconds since the epoch, by the steady clock: from when its age counts
    tries INTEGER NOT NULL,        -- how often it was tried
    settled INTEGER,               -- when it was over, in milliseconds since the epoch
    outcome TEXT,                  -- and how
    body TEXT NOT NULL,            -- the letter; nothing once it is over
    UNIQUE (sender, key)
);
CREATE INDEX letters_waiting ON letters (sender, born) WHERE settled IS NULL;
CREATE INDEX letters_settled ON letters (settled) WHERE settled IS NOT NULL;
