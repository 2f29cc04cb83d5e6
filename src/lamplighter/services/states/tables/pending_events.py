"""Events that happened to an execution while a process of its own works on its last step, in order.

An event is a row until the step that it leads to is kept. How often that step went on for a while is counted while it
does, so that a step in which engines die is found out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import get_args

from lamplighter.asl.execution.messages import Event, MapRunEnded, TaskFailed, TaskSucceeded, TimerFired
from lamplighter.base.json_text import JsonError, dumps, loads
from lamplighter.services.states.tables.frames import Work
from lamplighter.store.db import Damaged, Reader, Tx

KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
ENDS = (TaskSucceeded, TaskFailed, MapRunEnded, TimerFired)
"""Events after which nobody waits for the work any more."""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """One event that waits for its step."""

    id: int
    event: Event
    begun: int
    """How often the step was under way for a while; once it is kept, the row is gone."""


def add(tx: Tx, execution: int, event: Event, begun: int) -> None:
    """Keep an event until its step is kept; `begun` is how often an engine died in it already."""
    body = dumps([type(event).__name__, asdict(event)])
    tx.execute("INSERT INTO pending_events (execution, event, begun) VALUES (?, ?, ?)", (execution, body, begun))


def first_events(reader: Reader, execution: int, most: int) -> list[PendingEvent]:
    """Return the first events of an execution; raises Damaged."""
    sql = "SELECT id, event, begun FROM pending_events WHERE execution = ? ORDER BY id LIMIT ?"
    return [PendingEvent(key, _read(key, body), begun) for key, body, begun in reader.rows(sql, (execution, most))]


def _read(key: int, body: str) -> Event:
    try:
        kind, fields = loads(body)
        return KINDS[kind](**fields)
    except (JsonError, TypeError, ValueError, KeyError) as error:
        raise Damaged(f"row {key} of the pending events cannot be read: {error}") from error


def all_exist(reader: Reader, execution: int, keys: Sequence[int]) -> bool:
    """Whether all these events still wait."""
    marks = ", ".join("?" * len(keys))
    sql = f"SELECT count(*) FROM pending_events WHERE execution = ? AND id IN ({marks})"  # noqa: S608 - marks only
    row = reader.row(sql, (execution, *keys))
    return row is not None and row[0] == len(keys)


def count_begun(tx: Tx, keys: Sequence[int], by: int) -> None:
    """Count that the step of these events goes on for a while, or (-1) that it was broken off in good order."""
    tx.many("UPDATE pending_events SET begun = begun + ? WHERE id = ?", [(by, key) for key in keys])


def delete(tx: Tx, keys: Sequence[int]) -> None:
    """Forget events whose step is kept."""
    tx.many("DELETE FROM pending_events WHERE id = ?", [(key,) for key in keys])


def delete_all(tx: Tx, execution: int) -> None:
    """Forget the events of an execution that has ended."""
    tx.execute("DELETE FROM pending_events WHERE execution = ?", (execution,))


def ends_work(reader: Reader, work: Work) -> bool:
    """Whether an event waits that ends this piece of work."""
    sql = "SELECT id, event FROM pending_events WHERE execution = ?"
    return any(_ends(_read(key, body), work) for key, body in reader.rows(sql, (work.execution,)))


def _ends(event: Event, work: Work) -> bool:
    return isinstance(event, ENDS) and (event.frame, event.number) == (work.frame, work.number)


def executions(reader: Reader) -> Iterator[int]:
    """Return the executions that have pending events."""
    return (row[0] for row in reader.rows("SELECT DISTINCT execution FROM pending_events"))
