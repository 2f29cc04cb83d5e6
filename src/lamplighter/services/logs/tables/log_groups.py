"""Store log groups and log streams."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import HIGHEST_CHARACTER, Table


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group."""

    id: int
    account: str
    region: str
    name: str
    log_class: str
    created: int
    retention: int | None
    """Days for which events are kept; None if they do not expire."""
    kms: str | None
    protected: bool
    """Whether the group must not be deleted; from SQLite, 0 or 1."""
    tags: dict[str, str]
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class LogStream:
    """A log stream."""

    id: int
    group: int
    name: str
    created: int
    last: int
    """The time of the latest event; 0 if there is none."""
    ingested: int
    lines: int | None = None
    """How many events have arrived, which is the number of the last line; None if the lines have no numbers."""


GROUPS = Table("log_groups", LogGroup, json={"tags": loads}, columns={"log_class": "class"})
STREAMS = Table("log_streams", LogStream, columns={"group": "log_group"})


get_group = GROUPS.find_by("account", "region", "name")
"""Return the log group of this name, or None if there is none."""
group_by_id = GROUPS.find_by("id")
"""Return the log group with this key, or None if there is none."""


def page_groups(
    reader: Reader, owner: tuple[str, str], after: str, most: int, *, prefix: str = "", part: str = ""
) -> list[LogGroup]:
    """Return log groups in order of name: names that follow `after`, start with `prefix` and contain `part`."""
    where = (
        "account = ? AND region = ? AND name > ? AND name >= ? AND name < ? AND instr(name, ?) > 0 "
        "ORDER BY name LIMIT ?"
    )
    return GROUPS.select(reader, where, *owner, after, prefix, prefix + HIGHEST_CHARACTER, part, most)


put_group = GROUPS.insert
"""Store a new log group and return its key."""


def change_group(tx: Tx, key: int, column: str, value: Json) -> None:
    """Change one column of a log group: retention, kms, protected or tags."""
    assert column in ("retention", "kms", "protected", "tags")
    kept = dumps(value) if column == "tags" else value
    tx.execute(f"UPDATE log_groups SET {column} = ? WHERE id = ?", (kept, key))  # noqa: S608


def resize_group(tx: Tx, key: int, bytes_more: int) -> None:
    """Add stored bytes to the size of a log group; a negative number subtracts deleted bytes."""
    tx.execute("UPDATE log_groups SET bytes = max(0, bytes + ?) WHERE id = ?", (bytes_more, key))


def delete_group(tx: Tx, key: int) -> None:
    """Delete a log group and its filters; `retention.py` deletes its streams and chunks later."""
    tx.execute("DELETE FROM log_groups WHERE id = ?", (key,))
    tx.execute("DELETE FROM log_filters WHERE log_group = ?", (key,))


get_stream = STREAMS.find_by("group", "name")
"""Return the log stream of this name, or None if there is none."""


def stream_name(reader: Reader, key: int) -> str | None:
    """Return the name of a log stream, or None if the stream is deleted."""
    return reader.value("SELECT name FROM log_streams WHERE id = ?", (key,))


def streams_by_name(
    reader: Reader, group: int, prefix: str, start: str | None, most: int, *, descending: bool = False
) -> list[LogStream]:
    """Return log streams whose names start with `prefix` and follow (or, descending, precede) the name `start`."""
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    start = (prefix + HIGHEST_CHARACTER if descending else "") if start is None else start
    where = f"log_group = ? AND name >= ? AND name < ? AND name {beyond} ? ORDER BY name {order} LIMIT ?"
    return STREAMS.select(reader, where, group, prefix, prefix + HIGHEST_CHARACTER, start, most)


def streams_by_time(
    reader: Reader, group: int, start: tuple[int, int] | None, most: int, *, descending: bool = False
) -> list[LogStream]:
    """Return log streams in order of their latest events, from the time and key `start` on (exclusive)."""
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    time, key = start or ((2**62, 0) if descending else (-1, 0))
    where = f"log_group = ? AND (last, id) {beyond} (?, ?) ORDER BY last {order}, id {order} LIMIT ?"
    return STREAMS.select(reader, where, group, time, key, most)


def put_stream(tx: Tx, group: int, name: str, created: int) -> int:
    """Store a new log stream and return its key."""
    return tx.insert(
        "INSERT INTO log_streams (log_group, name, created, lines) VALUES (?, ?, ?, 0)", (group, name, created)
    )


def record_events(tx: Tx, key: int, last: int, number: int, now: int) -> None:
    """Record the time of a stream's latest event, how many events have arrived, and when."""
    sql = "UPDATE log_streams SET last = max(last, ?), lines = lines + ?, ingested = ? WHERE id = ?"
    tx.execute(sql, (last, number, now, key))


delete_stream = STREAMS.delete_by("id")
"""Delete a log stream; `retention.py` deletes its chunks later."""


def sweep_streams(tx: Tx, group: int, most: int) -> int:
    """Delete up to `most` streams of a deleted group and return their number."""
    sql = "DELETE FROM log_streams WHERE id IN (SELECT id FROM log_streams WHERE log_group = ? LIMIT ?)"
    return tx.execute(sql, (group, most))
