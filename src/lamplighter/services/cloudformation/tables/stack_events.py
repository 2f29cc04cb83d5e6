"""Store the events of stacks and their resources, one row each."""

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx


def put(tx: Tx, stack: str, event: Json) -> None:
    """Store an event."""
    tx.insert("INSERT INTO stack_events (stack, body) VALUES (?, ?)", (stack, dumps(event)))


def last_time(reader: Reader, stack: str) -> int:
    """Return the time of a stack's last event in milliseconds since the epoch, or 0 if there is none."""
    row = reader.row("SELECT body FROM stack_events WHERE stack = ? ORDER BY id DESC LIMIT 1", (stack,))
    return round(loads(row[0])["Timestamp"] * 1000) if row else 0


def page_of_operation(reader: Reader, operation: str, before: int, most: int) -> list[tuple[int, Json]]:
    """Return events of an operation before the event `before`, newest first, each with its number.

    The search passes the events of all stacks, and leaves out damaged ones.
    """
    of_event = "CASE WHEN json_valid(body) THEN json_extract(body, '$.OperationId') END"
    sql = f"SELECT id, body FROM stack_events WHERE {of_event} = ? AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [(key, loads(body)) for key, body in reader.rows(sql, (operation, before, most))]


def page(reader: Reader, stack: str, before: int, most: int) -> list[tuple[int, Json]]:
    """Return events of a stack before the event `before`, newest first, each with its number."""
    sql = "SELECT id, body FROM stack_events WHERE stack = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return [(key, loads(body)) for key, body in reader.rows(sql, (stack, before, most))]


def delete_before(tx: Tx, time: int, most: int) -> int:
    """Delete those of the `most` oldest events that are older than a time in milliseconds; return their number."""
    age = "CASE WHEN json_valid(body) THEN json_extract(body, '$.Timestamp') ELSE 0 END"
    oldest = f"SELECT id, {age} AS time FROM stack_events ORDER BY id LIMIT ?"  # noqa: S608 - our own column
    return tx.execute(
        f"DELETE FROM stack_events WHERE id IN (SELECT id FROM ({oldest}) WHERE time < ?)",  # noqa: S608
        (most, time / 1000),
    )
