"""Store schedule groups."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads
from lamplighter.store.db import Reader
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


get = GROUPS.find_by("arn")
"""Return a group by its ARN, or None."""
put = GROUPS.replace
"""Store a group, new or changed."""
delete = GROUPS.delete_by("arn")
"""Delete the row of a group."""
page = GROUPS.page_by("arn")
"""Return groups with ARNs from `first` to `end` (exclusive) and after the ARN `after`, in order."""


def count(reader: Reader, first: str, end: str) -> int:
    """Return the number of groups with ARNs from `first` to `end` (exclusive)."""
    return reader.count("SELECT count(*) FROM schedule_groups WHERE arn >= ? AND arn < ?", (first, end))
