"""Store which failures a person has seen, for as long as runs are kept."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.retention import RUNS_CUTOFF
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The mark on a failure that somebody takes care of."""

    subject: str
    """The ARN of a run or a task; for a missed time, the ARN of its schedule, `@` and the time in milliseconds."""
    who: str
    """The name of the person; empty if it is not known."""
    note: str
    """What the person wrote; may be empty."""
    time: int
    """Milliseconds since the epoch."""


_TABLE = Table("acknowledgements", Acknowledgement)


def put(tx: Tx, acknowledgement: Acknowledgement) -> None:
    """Store an acknowledgement, and delete those that are older than any run that is kept."""
    _TABLE.replace(tx, acknowledgement)
    tx.execute(f"DELETE FROM acknowledgements WHERE time < ? - {RUNS_CUTOFF}", (acknowledgement.time,))  # noqa: S608


delete = _TABLE.delete_by("subject")
"""Delete the acknowledgement of a failure."""


def since(reader: Reader, time: int) -> list[Acknowledgement]:
    """Return all acknowledgements since a time in milliseconds."""
    return _TABLE.select(reader, "time >= ? ORDER BY subject", time)
