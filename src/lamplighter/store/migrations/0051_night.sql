-- What started an execution, an index of the executions that ran after a time, and who has seen which failure.

ALTER TABLE executions ADD COLUMN origin TEXT;
CREATE INDEX executions_of_night ON executions (ifnull(stop, 9223372036854775807)) WHERE instr(machine, '/') = 0;
CREATE TABLE acknowledgements (
    subject TEXT PRIMARY KEY,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    time INTEGER NOT NULL
) WITHOUT ROWID;
