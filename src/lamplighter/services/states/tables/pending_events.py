"""Store the events of an execution, in order, while a separate process computes its next step.

An event is a row until its step is saved. While a step runs for long, its rows count that, so that the engine can
detect a step in which engines die.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import get_args

from lamplighter.asl.execution.messages import Event, MapRunEnded, TaskFailed, TaskSucceeded, TimerFired
from lamplighter.base.json_text import JsonError, dumps, loads
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import DamagedData, Reader, Tx

EVENT_TYPES: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
WORK_ENDING_EVENTS = (TaskSucceeded, TaskFailed, MapRunEnded, TimerFired)
"""Events that end a piece of work."""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that waits for its step."""

    id: int
    event: Event
    unsaved_tries: int
    """The number of times that the step ran for long without being saved; saving the step deletes the row."""


def add(tx: Tx, execution: int, event: Event, unsaved_tries: int) -> None:
    """Store an event until its step is saved; `unsaved_tries` is how often an engine has died in this step."""
    body = dumps([type(event).__name__, asdict(event)])
    tx.execute(
        "INSERT INTO pending_events (execution, event, unsaved_tries) VALUES (?, ?, ?)",
        (execution, body, unsaved_tries),
    )


def first_events(reader: Reader, execution: int, most: int) -> list[PendingEvent]:
    """Return the first events of an execution. Raises `DamagedData`."""
    sql = "SELECT id, event, unsaved_tries FROM pending_events WHERE execution = ? ORDER BY id LIMIT ?"
    return [
        PendingEvent(key, _parse_event(key, body), unsaved_tries)
        for key, body, unsaved_tries in reader.rows(sql, (execution, most))
    ]


def _parse_event(key: int, body: str) -> Event:
    try:
        kind, fields = loads(body)
        return EVENT_TYPES[kind](**fields)
    except (JsonError, TypeError, ValueError, KeyError) as error:
        raise DamagedData(f"row {key} of the pending events cannot be read: {error}") from error


def all_exist(reader: Reader, execution: int, keys: Sequence[int]) -> bool:
    """Return whether all these events are still pending."""
    placeholders = ", ".join("?" * len(keys))
    sql = f"SELECT count(*) FROM pending_events WHERE execution = ? AND id IN ({placeholders})"  # noqa: S608 - placeholders only
    return reader.count(sql, (execution, *keys)) == len(keys)


def count_unsaved_try(tx: Tx, keys: Sequence[int], by: int) -> None:
    """Count that the step of these events runs for long (1), or undo that after an orderly stop (-1)."""
    tx.execute_many(
        "UPDATE pending_events SET unsaved_tries = unsaved_tries + ? WHERE id = ?", [(by, key) for key in keys]
    )


def delete(tx: Tx, keys: Sequence[int]) -> None:
    """Delete events whose step is saved."""
    tx.execute_many("DELETE FROM pending_events WHERE id = ?", [(key,) for key in keys])


def delete_all(tx: Tx, execution: int) -> None:
    """Delete the events of an execution that has ended."""
    tx.execute("DELETE FROM pending_events WHERE execution = ?", (execution,))


def ends_work(reader: Reader, work: Work) -> bool:
    """Return whether a pending event ends this piece of work."""
    sql = "SELECT id, event FROM pending_events WHERE execution = ?"
    return any(_ends_work(_parse_event(key, body), work) for key, body in reader.rows(sql, (work.execution,)))


def _ends_work(event: Event, work: Work) -> bool:
    return isinstance(event, WORK_ENDING_EVENTS) and (event.frame, event.number) == (work.frame, work.number)


def executions_with_events(reader: Reader) -> Iterator[int]:
    """Return the keys of executions that have pending events."""
    return (row[0] for row in reader.rows("SELECT DISTINCT execution FROM pending_events"))
