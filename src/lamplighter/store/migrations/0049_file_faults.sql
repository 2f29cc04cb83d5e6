-- What is wrong with a job file: it is not applied, or channels of it cannot work.

CREATE TABLE file_faults (
    file TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    alerted INTEGER,
    alerted_subjects TEXT NOT NULL,
    PRIMARY KEY (file, kind)
) WITHOUT ROWID;
INSERT INTO file_faults
    SELECT
        file,
        CASE
            WHEN reason LIKE '%: the channel %' OR reason LIKE '%: the heartbeat of %' THEN 'channels'
            ELSE 'unapplied'
        END,
        reason, since, alerted, ''
    FROM unapplied_files;
DROP TABLE unapplied_files;
