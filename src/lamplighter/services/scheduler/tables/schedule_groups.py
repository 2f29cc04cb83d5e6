"""Store schedule groups."""

from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "arn, state, created, modified, tags"


@dataclass(frozen=True, slots=True)
class ScheduleGroup:
    """A group of schedules."""

    arn: str
    state: str
    created: int
    """Milliseconds since the epoch."""
    modified: int
    tags: dict[str, str]

    @property
    def name(self) -> str:
        """Return the name of the group."""
        return self.arn.rpartition("/")[2]


def _group(row: Row) -> ScheduleGroup:
    arn, state, created, modified, tags = row
    return ScheduleGroup(arn, state, created, modified, loads(tags))


def get(reader: Reader, arn: str) -> ScheduleGroup | None:
    """Return a group by its ARN, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedule_groups WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _group(row) if row else None


def put(tx: Tx, group: ScheduleGroup) -> None:
    """Store a group, new or changed."""
    sql = f"INSERT OR REPLACE INTO schedule_groups ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
    tx.execute(sql, (group.arn, group.state, group.created, group.modified, dumps(group.tags)))


def delete(tx: Tx, arn: str) -> None:
    """Delete the row of a group."""
    tx.execute("DELETE FROM schedule_groups WHERE arn = ?", (arn,))


def page(reader: Reader, first: str, end: str, after: str, most: int) -> list[ScheduleGroup]:
    """Return groups with ARNs from `first` to `end` (exclusive) and after the ARN `after`, in order."""
    sql = f"SELECT {COLUMNS} FROM schedule_groups WHERE arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?"  # noqa: S608
    return [_group(row) for row in reader.rows(sql, (first, end, after, most))]


def count(reader: Reader, first: str, end: str) -> int:
    """Return the number of groups with ARNs from `first` to `end` (exclusive)."""
    return reader.count("SELECT count(*) FROM schedule_groups WHERE arn >= ? AND arn < ?", (first, end))
