-- The seconds after its time within which a slot that was missed without an engine still starts a run.

ALTER TABLE schedules ADD COLUMN within INTEGER;
