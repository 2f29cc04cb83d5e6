-- Numbers of log lines. Streams and chunks of earlier versions get none, so that the upgrade reads no chunk's body.

ALTER TABLE log_streams ADD COLUMN lines INTEGER;
ALTER TABLE log_chunks ADD COLUMN line INTEGER;
CREATE INDEX log_chunks_by_line ON log_chunks (stream, line) WHERE line IS NOT NULL;
