"""Read how the tasks ended that schedules and rules start without a state machine: a trigger keeps the numbers."""

from dataclasses import dataclass

from lamplighter.store.db import Reader
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class ScheduledTaskTotal:
    """The tasks of a family, started by schedules or rules in a cluster, that ended with an outcome."""

    cluster: str
    """The ARN of the cluster."""
    family: str
    outcome: str
    """SUCCEEDED if a container exited with 0 and all others, too, or were killed; else FAILED."""
    number: int
    """How many ever ended so, also those that were deleted since."""
    start: int | None
    """When the latest of them started, in milliseconds since the epoch."""
    stop: int | None
    """When the latest of them stopped."""


TOTALS = Table("scheduled_task_totals", ScheduledTaskTotal)


def first_totals(reader: Reader, most: int) -> list[ScheduledTaskTotal]:
    """Return at most `most` totals, in order of cluster, family and outcome."""
    return TOTALS.select(reader, "TRUE ORDER BY cluster, family, outcome LIMIT ?", most)
