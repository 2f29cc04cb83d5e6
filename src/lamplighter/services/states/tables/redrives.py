"""Store the frames of failed executions as they were at the failure, so that a redrive can continue from there."""

from dataclasses import astuple, dataclass, replace

from lamplighter.asl.execution.frame import ChildProgress, Execution
from lamplighter.base.json_text import dumps, loads
from lamplighter.services.states.tables.frames import dump_frame, load_frame
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Redrive:
    """The last redrive of an execution."""

    date: int
    """Milliseconds since the epoch."""
    token: str | None


def save_failed_state(tx: Tx, key: int, failed: Execution) -> None:
    """Store the frames and results of an execution at its failure."""
    frames = [
        [number, dump_frame(frame), astuple(frame.fan) if frame.fan else None]
        for number, frame in failed.frames.items()
    ]
    results = [[number, list(outputs.items())] for number, outputs in failed.results.items()]
    sql = "INSERT INTO redrives (execution, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
    tx.execute(sql, (key, dumps([frames, results])))


def restore(reader: Reader, key: int, execution: Execution) -> Execution | None:
    """Return the execution as it was at its failure, or None if that state is not stored."""
    row = reader.row("SELECT body FROM redrives WHERE execution = ?", (key,))
    if row is None or row[0] is None:
        return None
    frames, results = loads(row[0])
    return replace(
        execution,
        frames={number: load_frame(number, body, ChildProgress(*fan) if fan else None) for number, body, fan in frames},
        results={number: dict(outputs) for number, outputs in results},
    )


def save_redrive(tx: Tx, key: int, date: int, token: str | None, stop: int | None) -> None:
    """Record a redrive of an execution that ended at `stop`, and delete the frames that it used."""
    idle = 0 if stop is None else max(0, date - stop)
    sql = "UPDATE redrives SET body = NULL, date = ?, token = ?, idle = idle + ? WHERE execution = ?"
    tx.execute(sql, (date, token, idle, key))


def idle_milliseconds(reader: Reader, arn: str) -> int:
    """Return the milliseconds between the parts of an execution, as `Story.idle` counts them; 0 without a redrive."""
    sql = "SELECT idle FROM redrives WHERE execution = (SELECT id FROM executions WHERE arn = ?)"
    return int(reader.value(sql, (arn,)) or 0)


def last_redrive(reader: Reader, key: int) -> Redrive | None:
    """Return the last redrive of an execution, or None."""
    row = reader.row("SELECT date, token FROM redrives WHERE execution = ? AND date IS NOT NULL", (key,))
    return Redrive(row[0], row[1]) if row else None
