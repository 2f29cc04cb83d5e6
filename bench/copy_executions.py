"""Copy the rows of ended executions in an engine's database, while no engine runs on it.

A copy has its own key, name and times; the engine's triggers count it. Times go back evenly over eighty days, because
executions are deleted after ninety.
"""

import re
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lamplighter.services.states.tables.history import EVENT_ID_BITS
from lamplighter.store.data_directory import DATABASE

DAYS = 80
FAILED_SHARE = 20
"""One of so many executions has failed."""
PORTION = 10_000
"""The number of copies in a transaction."""
TIMESTAMP = re.compile(r'("timestamp":)([0-9.]+)')


@dataclass(frozen=True, slots=True)
class Original:
    """The rows of an execution that ran; rows are dictionaries by the names of their columns."""

    row: dict[str, object]
    history: tuple[tuple[int, str], ...]
    """The id of the first event, and the text, of each row of the history."""
    redrive: dict[str, object] | None

    @property
    def start(self) -> int:
        """Return when the execution started, in milliseconds."""
        return int(str(self.row["start"]))


def reserve_keys(data: Path, number: int) -> None:
    """Let the next executions have keys above `number`, so that copies, which are older, can have the keys below."""
    with closing(sqlite3.connect(data / DATABASE)) as database, database:
        database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('executions', ?)", (number,))


def copy_executions(data: Path, machines: Sequence[str], number: int) -> None:
    """Make copies with the keys from 1 to `number`: half of them of the first machine, the others of all others."""
    with closing(sqlite3.connect(data / DATABASE)) as database:
        database.execute("PRAGMA synchronous = OFF")
        statuses = ("SUCCEEDED", "FAILED")
        ended = [[_read_original(database, machine, status) for status in statuses] for machine in machines]
        step = DAYS * 86_400_000 // number
        for first in range(1, number + 1, PORTION):
            with database:
                for key in range(first, min(first + PORTION, number + 1)):
                    at = 0 if key % 2 else 1 + key // 2 % (len(machines) - 1)
                    original = ended[at][key // 2 % FAILED_SHARE == 0]
                    _insert_copy(database, original, key, (number + 1 - key) * step)


def _read_original(database: sqlite3.Connection, machine: str, status: str) -> Original:
    query = "SELECT * FROM executions WHERE machine = ? AND status = ?"
    (row,) = _read_rows(database, query, (machine, status))
    key = int(str(row["id"]))
    query = "SELECT id, body FROM history WHERE id >> ? = ? ORDER BY id"
    history = database.execute(query, (EVENT_ID_BITS, key)).fetchall()
    redrives = list(_read_rows(database, "SELECT * FROM redrives WHERE execution = ?", (key,)))
    first = key << EVENT_ID_BITS
    return Original(row, tuple((at - first, body) for at, body in history), redrives[0] if redrives else None)


def _read_rows(database: sqlite3.Connection, query: str, values: Sequence[object]) -> Iterator[dict[str, object]]:
    found = database.execute(query, tuple(values))
    names = [each[0] for each in found.description]
    return (dict(zip(names, row, strict=True)) for row in found)


def _insert_copy(database: sqlite3.Connection, original: Original, key: int, earlier: int) -> None:
    """Insert a copy that began `earlier` milliseconds before its original."""
    row, name = original.row, str(uuid.UUID(int=key))
    copy = row | {
        "id": key,
        "name": name,
        "arn": str(row["arn"]).removesuffix(str(row["name"])) + name,
        "start": original.start - earlier,
        "stop": int(str(row["stop"])) - earlier,
    }
    _insert(database, "executions", copy)
    for first, body in original.history:
        shifted = TIMESTAMP.sub(lambda at: f"{at[1]}{round(float(at[2]) * 1000 - earlier) / 1000}", body)
        _insert(database, "history", {"id": key << EVENT_ID_BITS | first, "body": shifted})
    if original.redrive is not None:
        _insert(database, "redrives", original.redrive | {"execution": key})


def _insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
