-- The alarms on which a composite alarm depends.

CREATE TABLE alarm_children (
    child TEXT NOT NULL,           -- ARNs
    composite TEXT NOT NULL,
    PRIMARY KEY (child, composite)
) WITHOUT ROWID;
CREATE INDEX alarm_children_by_composite ON alarm_children (composite);
