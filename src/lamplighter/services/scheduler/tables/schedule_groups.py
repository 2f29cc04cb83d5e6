"""Groups of schedules."""

from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "arn, state, created, modified, tags"


@dataclass(frozen=True, slots=True)
class ScheduleGroup:
    """What schedules are kept in."""

    arn: str
    state: str
    created: int
    """Milliseconds since the epoch."""
    modified: int
    tags: dict[str, str]

    @property
    def name(self) -> str:
        """As the API calls it."""
        return self.arn.rpartition("/")[2]


def _group(row: Row) -> ScheduleGroup:
    arn, state, created, modified, tags = row
    return ScheduleGroup(arn, state, created, modified, loads(tags))


def get(reader: Reader, arn: str) -> ScheduleGroup | None:
    """A group by its ARN."""
    row = reader.row(f"SELECT {COLUMNS} FROM schedule_groups WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _group(row) if row else None


def put(tx: Tx, group: ScheduleGroup) -> None:
    """Keep a group, new or changed."""
    sql = f"INSERT OR REPLACE INTO schedule_groups ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
    tx.execute(sql, (group.arn, group.state, group.created, group.modified, dumps(group.tags)))


def delete(tx: Tx, arn: str) -> None:
    """Forget a group."""
    tx.execute("DELETE FROM schedule_groups WHERE arn = ?", (arn,))


def page(reader: Reader, first: str, end: str, after: str, most: int) -> list[ScheduleGroup]:
    """Groups whose ARNs are from `first` on, before `end` and after the last that was seen, in order."""
    sql = f"SELECT {COLUMNS} FROM schedule_groups WHERE arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?"  # noqa: S608
    return [_group(row) for row in reader.rows(sql, (first, end, after, most))]


def count(reader: Reader, first: str, end: str) -> int:
    """How many groups there are whose ARNs are from `first` on, before `end`."""
    row = reader.row("SELECT count(*) FROM schedule_groups WHERE arn >= ? AND arn < ?", (first, end))
    assert row is not None
    found: int = row[0]
    return found
