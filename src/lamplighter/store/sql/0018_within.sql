-- For how many seconds after its time a slot is made up for that came while no engine ran.

ALTER TABLE schedules ADD COLUMN within INTEGER;
