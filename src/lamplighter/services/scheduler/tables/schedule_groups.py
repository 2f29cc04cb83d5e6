"""Store schedule groups."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


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


GROUPS = Table("schedule_groups", ScheduleGroup, json={"tags": loads})


def get(reader: Reader, arn: str) -> ScheduleGroup | None:
    """Return a group by its ARN, or None."""
    return GROUPS.find(reader, "arn = ?", arn)


put = GROUPS.replace
"""Store a group, new or changed."""


def delete(tx: Tx, arn: str) -> None:
    """Delete the row of a group."""
    tx.execute("DELETE FROM schedule_groups WHERE arn = ?", (arn,))


def page(reader: Reader, first: str, end: str, after: str, most: int) -> list[ScheduleGroup]:
    """Return groups with ARNs from `first` to `end` (exclusive) and after the ARN `after`, in order."""
    return GROUPS.select(reader, "arn >= ? AND arn < ? AND arn > ? ORDER BY arn LIMIT ?", first, end, after, most)


def count(reader: Reader, first: str, end: str) -> int:
    """Return the number of groups with ARNs from `first` to `end` (exclusive)."""
    return reader.count("SELECT count(*) FROM schedule_groups WHERE arn >= ? AND arn < ?", (first, end))
