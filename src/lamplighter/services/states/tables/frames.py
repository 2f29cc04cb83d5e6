"""Store the state of executions: frames, and the outputs of their children.

Writes only changes. When a child of a Map ends, two small rows are written, however large the Map is: the parent's
counts and the child's output.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import NamedTuple

from lamplighter.asl.execution.frame import ChildProgress, Execution, Frame, Phase
from lamplighter.asl.execution.step import RUNNABLE_PHASES
from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import DamagedData, Reader, Tx

STORED_FRAME_FIELDS = tuple(field.name for field in fields(Frame) if field.name not in ("id", "fan", "input"))
"""The fields that the row of a frame holds; the input is stored as text."""


class Counters(NamedTuple):
    """The counters of an execution, as its row holds them: a list in JSON, in this order."""

    counter: int
    event: int
    frame: int
    timer: int
    redrives: int
    failed_attempts: int | None = None
    """None: it is not known, because the execution ended before schema 51."""


def dump_counters(execution: Execution) -> str:
    """Render an execution's counters as JSON text."""
    return dumps([getattr(execution, name) for name in Counters._fields])


def load_counters(execution: Execution, counters: str) -> Execution:
    """Return an execution with the counters that `dump_counters` rendered."""
    found = parse_counters(counters)
    return replace(execution, **found._replace(failed_attempts=found.failed_attempts or 0)._asdict())


def parse_counters(counters: str) -> Counters:
    """Return the counters that `dump_counters` rendered. Raises ValueError for any other text."""
    found = loads(counters)
    if not isinstance(found, list) or len(found) not in (5, 6):
        raise ValueError("the counters of an execution are five or six numbers")
    return Counters(*found)


def save(tx: Tx, key: int, old: Execution, new: Execution) -> None:
    """Write what changed between two states of an execution."""
    if not new.frames and not old.frames:
        return
    if not new.frames:
        delete(tx, key)
        return
    _save_frames(tx, key, old.frames, new.frames)
    _save_results(tx, key, old.results, new.results)


def _save_frames(tx: Tx, key: int, old: Mapping[int, Frame], new: Mapping[int, Frame]) -> None:
    for number in old.keys() - new.keys():
        tx.execute("DELETE FROM frames WHERE execution = ? AND frame = ?", (key, number))
        if old[number].fan is not None:
            tx.execute("DELETE FROM child_progress WHERE execution = ? AND frame = ?", (key, number))
    for number, frame in new.items():
        before = old.get(number)
        if before is frame:
            continue
        if before is None or not _same_but_child_progress(before, frame):
            runnable = frame.phase in RUNNABLE_PHASES
            sql = "INSERT OR REPLACE INTO frames (execution, frame, ready, body) VALUES (?, ?, ?, ?)"
            tx.execute(sql, (key, number, runnable, dump_frame(frame)))
        if frame.fan != (before.fan if before else None):
            _save_child_progress(tx, key, number, frame.fan)


def _same_but_child_progress(one: Frame, other: Frame) -> bool:
    """Return whether two frames differ at most in `fan`.

    Documents are compared by identity: an unchanged document is the same object.
    """
    for name in STORED_FRAME_FIELDS:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not theirs and (isinstance(mine, (dict, list)) or mine != theirs):
            return False
    return True


def _save_child_progress(tx: Tx, key: int, number: int, fan: ChildProgress | None) -> None:
    if fan is None:
        tx.execute("DELETE FROM child_progress WHERE execution = ? AND frame = ?", (key, number))
        return
    body = dumps([fan.total, fan.started, fan.done, fan.limit])
    tx.execute("INSERT OR REPLACE INTO child_progress (execution, frame, body) VALUES (?, ?, ?)", (key, number, body))


def _save_results(tx: Tx, key: int, old: Mapping[int, Mapping[int, str]], new: Mapping[int, Mapping[int, str]]) -> None:
    for number in old.keys() - new.keys():
        tx.execute("DELETE FROM child_results WHERE execution = ? AND frame = ?", (key, number))
    for number, outputs in new.items():
        before = old.get(number, {})
        if outputs is before:
            continue
        gone = [(key, number, index) for index in before.keys() - outputs.keys()]
        tx.execute_many("DELETE FROM child_results WHERE execution = ? AND frame = ? AND idx = ?", gone)
        # Compared by identity: a loop may reach the same place again, with another text.
        rows = [(key, number, index, text) for index, text in outputs.items() if before.get(index) is not text]
        tx.execute_many(
            "INSERT OR REPLACE INTO child_results (execution, frame, idx, output) VALUES (?, ?, ?, ?)", rows
        )


def dump_frame(frame: Frame) -> str:
    """Render a frame as JSON text, without its fan-out."""
    body = {name: getattr(frame, name) for name in STORED_FRAME_FIELDS}
    body["variables"] = dict(frame.variables)
    return dumps(body)


def load(reader: Reader, key: int, execution: Execution, counters: str) -> Execution:
    """Load an execution's counters, frames and results into `execution`, which has the constant fields. Raises
    `DamagedData`.
    """
    try:
        return _load_rows(reader, key, execution, counters)
    except (TypeError, ValueError, KeyError) as error:
        raise DamagedData(f"a row of execution {execution.arn} cannot be read: {error}") from error


def _load_rows(reader: Reader, key: int, execution: Execution, counters: str) -> Execution:
    counted = load_counters(execution, counters)
    fans = {
        number: ChildProgress(*loads(body))
        for number, body in reader.rows("SELECT frame, body FROM child_progress WHERE execution = ?", (key,))
    }
    frames = {
        number: load_frame(number, body, fans.get(number))
        for number, body in reader.rows("SELECT frame, body FROM frames WHERE execution = ? ORDER BY frame", (key,))
    }
    results: dict[int, dict[int, str]] = {}
    sql = "SELECT frame, idx, output FROM child_results WHERE execution = ?"
    for number, index, output in reader.rows(sql, (key,)):
        loads(output)  # check that it is JSON: the text is later embedded in a document unchanged
        results.setdefault(number, {})[index] = output
    return replace(counted, frames=frames, results=results)


def load_frame(number: int, body: str, fan: ChildProgress | None) -> Frame:
    """Build a frame from its JSON text."""
    values = loads(body)
    values["input"] = loads(values["text"])
    values["phase"] = Phase(values["phase"])
    values["retries"] = tuple(values["retries"])
    return Frame(id=number, fan=fan, **values)


def delete(tx: Tx, key: int) -> None:
    """Delete an execution's frames and results."""
    for table in ("frames", "child_progress", "child_results"):
        tx.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))  # noqa: S608 - our own tables


def unfinished_executions(reader: Reader) -> list[int]:
    """Return the keys of executions with a frame that can continue without an answer, a timer or another execution."""
    queued = "SELECT execution FROM queued_executions"
    sql = f"SELECT DISTINCT execution FROM frames WHERE ready AND execution NOT IN ({queued})"  # noqa: S608 - our own
    return [row[0] for row in reader.rows(sql)]
