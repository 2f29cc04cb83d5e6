"""Where executions are: frames, what their children came to, and whom the world's answers are for.

Writes only what changed: a child of a Map that is done is one small row for its parent and one for its output, however
large the Map is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lamplighter.asl.execution.frame import Execution, FanOut, Frame, Phase
from lamplighter.asl.execution.step import RUNNABLE
from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Damaged, Reader, Tx

NAMES = tuple(field.name for field in fields(Frame) if field.name not in ("id", "fan", "input"))
"""What the row of a frame holds; the input is there as text."""


def dump_counters(execution: Execution) -> str:
    """An execution's counters as text."""
    return dumps([execution.counter, execution.event, execution.frame, execution.timer, execution.redrives])


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
            tx.execute("DELETE FROM fan_outs WHERE execution = ? AND frame = ?", (key, number))
    for number, frame in new.items():
        before = old.get(number)
        if before is frame:
            continue
        if before is None or not _same_but_fan(before, frame):
            going = frame.phase in RUNNABLE
            sql = "INSERT OR REPLACE INTO frames (execution, frame, ready, body) VALUES (?, ?, ?, ?)"
            tx.execute(sql, (key, number, going, dump_frame(frame)))
        if frame.fan != (before.fan if before else None):
            _save_fan(tx, key, number, frame.fan)


def _same_but_fan(one: Frame, other: Frame) -> bool:
    """By identity for documents: an unchanged document is the same object."""
    for name in NAMES:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not theirs and (isinstance(mine, (dict, list)) or mine != theirs):
            return False
    return True


def _save_fan(tx: Tx, key: int, number: int, fan: FanOut | None) -> None:
    if fan is None:
        tx.execute("DELETE FROM fan_outs WHERE execution = ? AND frame = ?", (key, number))
        return
    body = dumps([fan.total, fan.started, fan.done, fan.limit])
    tx.execute("INSERT OR REPLACE INTO fan_outs (execution, frame, body) VALUES (?, ?, ?)", (key, number, body))


def _save_results(tx: Tx, key: int, old: Mapping[int, Mapping[int, str]], new: Mapping[int, Mapping[int, str]]) -> None:
    for number in old.keys() - new.keys():
        tx.execute("DELETE FROM child_results WHERE execution = ? AND frame = ?", (key, number))
    for number, outputs in new.items():
        before = old.get(number, {})
        if outputs is before:
            continue
        gone = [(key, number, index) for index in before.keys() - outputs.keys()]
        tx.many("DELETE FROM child_results WHERE execution = ? AND frame = ? AND idx = ?", gone)
        # By identity: a loop may come to the same place again, with another text.
        rows = [(key, number, index, text) for index, text in outputs.items() if before.get(index) is not text]
        tx.many("INSERT OR REPLACE INTO child_results (execution, frame, idx, output) VALUES (?, ?, ?, ?)", rows)


def dump_frame(frame: Frame) -> str:
    """A frame as text, without its fan."""
    body = {name: getattr(frame, name) for name in NAMES}
    body["variables"] = dict(frame.variables)
    return dumps(body)


def load(reader: Reader, key: int, execution: Execution, counters: str) -> Execution:
    """The whole of an execution, whose fixed part is given; raises Damaged."""
    try:
        return _load(reader, key, execution, counters)
    except (TypeError, ValueError, KeyError) as error:
        raise Damaged(f"a row of execution {execution.arn} cannot be read: {error}") from error


def _load(reader: Reader, key: int, execution: Execution, counters: str) -> Execution:
    counter, event, frame, timer, redrives = loads(counters)
    fans = {
        number: FanOut(*loads(body))
        for number, body in reader.rows("SELECT frame, body FROM fan_outs WHERE execution = ?", (key,))
    }
    frames = {
        number: load_frame(number, body, fans.get(number))
        for number, body in reader.rows("SELECT frame, body FROM frames WHERE execution = ? ORDER BY frame", (key,))
    }
    results: dict[int, dict[int, str]] = {}
    sql = "SELECT frame, idx, output FROM child_results WHERE execution = ?"
    for number, index, output in reader.rows(sql, (key,)):
        loads(output)  # it will go into a document as it is
        results.setdefault(number, {})[index] = output
    return Execution(
        arn=execution.arn,
        name=execution.name,
        role=execution.role,
        machine=execution.machine,
        machine_name=execution.machine_name,
        input=execution.input,
        text=execution.text,
        start=execution.start,
        status=execution.status,
        counter=counter,
        event=event,
        frame=frame,
        timer=timer,
        redrives=redrives,
        frames=frames,
        results=results,
    )


def load_frame(number: int, body: str, fan: FanOut | None) -> Frame:
    """A frame from its text."""
    values = loads(body)
    values["input"] = loads(values["text"])
    values["phase"] = Phase(values["phase"])
    values["retries"] = tuple(values["retries"])
    return Frame(id=number, fan=fan, **values)


def delete(tx: Tx, key: int) -> None:
    """Forget where an execution is."""
    for table in ("frames", "fan_outs", "child_results"):
        tx.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))  # noqa: S608 - our own tables


def unfinished_executions(reader: Reader) -> list[int]:
    """The keys of executions with a frame that needs nothing from the world to go on."""
    return [row[0] for row in reader.rows("SELECT DISTINCT execution FROM frames WHERE ready")]


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work of an execution."""

    execution: int
    frame: int
    number: int


def add_watch(tx: Tx, name: str, work: Work) -> None:
    """An answer that comes under this name is for that work."""
    tx.execute(
        "INSERT OR IGNORE INTO watches (key, execution, frame, number) VALUES (?, ?, ?, ?)",
        (name, work.execution, work.frame, work.number),
    )


def has_watches(reader: Reader) -> bool:
    """Whether an answer may be for anybody."""
    return reader.row("SELECT 1 FROM watches LIMIT 1") is not None


def work_of_name(reader: Reader, name: str) -> list[Work]:
    """Whom an answer is for."""
    sql = "SELECT execution, frame, number FROM watches WHERE key = ?"
    return [Work(*row) for row in reader.rows(sql, (name,))]


def names_of_work(reader: Reader, work: Work) -> list[str]:
    """The names that a piece of work goes by elsewhere."""
    sql = "SELECT key FROM watches WHERE execution = ? AND frame = ? AND number = ?"
    return [row[0] for row in reader.rows(sql, (work.execution, work.frame, work.number))]


def delete_watches(tx: Tx, work: Work) -> None:
    """Nobody waits for it any more."""
    tx.execute(
        "DELETE FROM watches WHERE execution = ? AND frame = ? AND number = ?",
        (work.execution, work.frame, work.number),
    )
