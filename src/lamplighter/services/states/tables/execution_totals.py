"""Read how the executions of each state machine ended: triggers keep the numbers, and no query counts executions."""

from dataclasses import dataclass

from lamplighter.store.db import Reader
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class ExecutionTotal:
    """The executions of a state machine that ended with a status, or that are RUNNING."""

    machine: str
    status: str
    """The status of the executions, or SKIPPED: they succeeded at once, because another execution was running."""
    number: int
    """How many ever ended so, also those that were deleted since; of RUNNING, how many run now."""
    start: int
    """When the latest of them began or was redriven, in milliseconds since the epoch."""
    stop: int | None
    """When the latest of them ended."""


TOTALS = Table("execution_totals", ExecutionTotal)


def totals_between(reader: Reader, first: str, last: str) -> list[ExecutionTotal]:
    """Return the totals of the state machines from one ARN to another, in order."""
    return TOTALS.select(reader, "machine BETWEEN ? AND ? ORDER BY machine, status", first, last)
