"""Store the histories of executions: the events of a step are one row, one event in a line."""

from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import loads
from lamplighter.store.db import Reader, Tx

EVENT_ID_BITS = 15
"""The bits of a row's key that hold the id of its first event; the bits above hold the execution's key.

An execution has at most 25,000 events.
"""
ROWS_OF_EXECUTION = "FROM history WHERE id BETWEEN ? AND ?"


def keys(execution: int) -> tuple[int, int]:
    """Return the lowest and the highest key that the rows of an execution may have."""
    return execution << EVENT_ID_BITS, (execution + 1 << EVENT_ID_BITS) - 1


def append(tx: Tx, key: int, first: int, entries: Sequence[bytes]) -> None:
    """Append events to the history; the first one has the id `first`."""
    tx.execute("INSERT INTO history (id, body) VALUES (?, ?)", (keys(key)[0] + first, b"\n".join(entries).decode()))


def read(reader: Reader, key: int, first: int, most: int) -> list[str]:
    """Return at most `most` events from the id `first` on, each as JSON text."""
    low, high = keys(key)
    row = reader.row(f"SELECT max(id) {ROWS_OF_EXECUTION}", (low, low + first))
    if row is None or row[0] is None:
        return []
    found: list[str] = []
    chunk = row[0]
    skip = first - (chunk - low)
    rows = reader.rows(f"SELECT body {ROWS_OF_EXECUTION} ORDER BY id LIMIT ?", (chunk, high, most + 1))
    for (body,) in rows:
        found += body.split("\n")
        if len(found) >= skip + most:
            break
    return found[skip : skip + most]


def last_event(reader: Reader, key: int) -> int:
    """Return the id of the last event in an execution's history, or 0 if the history is empty."""
    low, high = keys(key)
    row = reader.row(f"SELECT id, body {ROWS_OF_EXECUTION} ORDER BY id DESC LIMIT 1", (low, high))
    return row[0] - low + row[1].count("\n") if row else 0


def last_event_time(reader: Reader, key: int) -> int:
    """Return the time of the last event in an execution's history, or 0 if the history is empty."""
    last = last_event(reader, key)
    return round(loads(read(reader, key, last, 1)[0])["timestamp"] * 1000) if last else 0


def number_of_submitted_tasks(reader: Reader, key: int, most: int) -> int:
    """Return how many tasks an execution has submitted, counted up to `most`."""
    found = 0
    for body in texts(reader, key):
        if "TaskSubmitted" not in body:
            continue
        found += sum(loads(line)["type"] == "TaskSubmitted" for line in body.split("\n") if "TaskSubmitted" in line)
        if found >= most:
            break
    return found


def texts(reader: Reader, key: int) -> Iterator[str]:
    """Yield the rows of an execution's history in order: events as JSON text, one in a line."""
    for (body,) in reader.rows(f"SELECT body {ROWS_OF_EXECUTION} ORDER BY id", keys(key)):
        yield body


def delete(tx: Tx, key: int) -> None:
    """Delete an execution's history."""
    tx.execute(f"DELETE {ROWS_OF_EXECUTION}", keys(key))
