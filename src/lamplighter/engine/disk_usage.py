"""Report what the data directory holds, how much a night adds, and how much that becomes when old things are deleted.

Reads the database with a connection of its own, and the folders of files. A night is the last 24 hours. Sizes of rows
are those of their texts; indexes and free pages come on top, so the size of the database file is reported as well.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.services.states.tables.history import EVENT_ID_BITS
from lamplighter.store import retention
from lamplighter.store.data_directory import DATABASE, WAL
from lamplighter.store.db import Reader
from lamplighter.store.retention import DAY, RetentionSettings


@dataclass(frozen=True, slots=True)
class Usage:
    """One kind of things: how many there are, and how many bytes they take."""

    number: int
    size: int
    """Bytes."""
    number_per_day: int
    """How many the last 24 hours have added."""
    size_per_day: int
    expired: int = 0
    """How many need not be kept any longer."""
    kept_days: float | None = None
    """The days for which they are kept; None if that differs from one to another."""

    def document(self) -> Json:
        """Return the usage as JSON, with the size at which the growth ends if every day is like the last one."""
        expected = None if self.kept_days is None else round(self.size_per_day * self.kept_days)
        return {
            "number": self.number,
            "bytes": self.size,
            "numberPerDay": self.number_per_day,
            "bytesPerDay": self.size_per_day,
            "expired": self.expired,
            "keptDays": self.kept_days,
            "expectedBytes": expected,
        }


def disk_usage(reader: Reader, directory: Path, now: int) -> Json:
    """Return the usage of a data directory as JSON; `now` is in milliseconds since the epoch."""
    settings = retention.read(reader)
    kinds = {
        "runs": _runs(reader, settings, now),
        "tasks": _tasks(reader, settings, now),
        "output": _files(directory / "output", settings.output, now),
        "logs": _logs(reader, now),
        "mails": _files(directory / "mail", settings.mails, now),
        "objects": _objects(reader, now),
        "slots": _slots(reader, settings),
        "stackEvents": _stack_events(reader, settings, now),
        "audit": _audit(reader, settings, now),
    }
    files = [directory / DATABASE, directory / WAL]
    return {
        **{name: usage.document() for name, usage in kinds.items()},
        "databaseBytes": sum(each.stat().st_size for each in files if each.exists()),
        "freeDatabaseBytes": reader.count("PRAGMA freelist_count") * reader.count("PRAGMA page_size"),
        "freeDiskBytes": shutil.disk_usage(directory).free,
    }


def _runs(reader: Reader, settings: RetentionSettings, now: int) -> Usage:
    history = f"SELECT sum(length(body)) FROM history JOIN executions ON executions.id = history.id >> {EVENT_ID_BITS}"  # noqa: S608
    columns = "sum(length(input) + coalesce(length(output), 0))"
    total = reader.count("SELECT sum(length(body)) FROM history") + reader.count(f"SELECT {columns} FROM executions")  # noqa: S608
    ended, since = "stop IS NOT NULL AND stop >= ?", (now - DAY,)
    return Usage(
        reader.count("SELECT count(*) FROM executions"),
        total,
        reader.count(f"SELECT count(*) FROM executions WHERE {ended}", since),  # noqa: S608
        reader.count(f"{history} WHERE {ended}", since)
        + reader.count(f"SELECT {columns} FROM executions WHERE {ended}", since),  # noqa: S608
        reader.count("SELECT count(*) FROM executions WHERE stop < ?", (now - settings.runs,)),
        settings.runs / DAY,
    )


def _tasks(reader: Reader, settings: RetentionSettings, now: int) -> Usage:
    stopped = "CASE WHEN json_valid(body) THEN json_extract(body, '$.stoppedAt') END"
    expired = reader.count(f"SELECT count(*) FROM tasks WHERE {stopped} < ?", (now - settings.runs,))  # noqa: S608
    return Usage(*_measure(reader, "tasks", "length(body)", stopped, now - DAY), expired, settings.runs / DAY)


def _logs(reader: Reader, now: int) -> Usage:
    return Usage(*_measure(reader, "log_chunks", "length(body)", "ingested", now - DAY))


def _objects(reader: Reader, now: int) -> Usage:
    """Return the usage of buckets: all versions, and the parts of unfinished uploads."""
    found = (_measure(reader, table, "size", "modified", now - DAY) for table in ("s3_versions", "s3_parts"))
    return Usage(*map(sum, zip(*found, strict=True)))


def _slots(reader: Reader, settings: RetentionSettings) -> Usage:
    surplus = "SELECT coalesce(sum(recorded - ?), 0) FROM schedules WHERE recorded > ?"
    size = "sum(60 + coalesce(length(detail), 0))"
    number, total = reader.row(f"SELECT count(*), {size} FROM slots") or (0, 0)  # noqa: S608
    return Usage(number, total or 0, 0, 0, reader.count(surplus, (settings.slots, settings.slots)))


def _stack_events(reader: Reader, settings: RetentionSettings, now: int) -> Usage:
    time = "CASE WHEN json_valid(body) THEN json_extract(body, '$.Timestamp') ELSE 0 END"
    found = _measure(reader, "stack_events", "length(body)", time, (now - DAY) / 1000)
    old = f"SELECT count(*) FROM stack_events WHERE {time} < ?"  # noqa: S608
    return Usage(*found, reader.count(old, ((now - settings.runs) / 1000,)), settings.runs / DAY)


def _audit(reader: Reader, settings: RetentionSettings, now: int) -> Usage:
    size = "40 + length(who) + length(address) + length(action) + length(resource) + length(outcome)"
    expired = reader.count("SELECT count(*) FROM audit_log WHERE time < ?", (now - settings.audit,))
    return Usage(*_measure(reader, "audit_log", size, "time", now - DAY), expired, settings.audit / DAY)


def _measure(reader: Reader, table: str, size: str, time: str, since: float) -> tuple[int, int, int, int]:
    """Return the number and the size of a table's rows, and the number and the size of those since a time."""
    columns = f"count(*), coalesce(sum({size}), 0)"
    number, total = reader.row(f"SELECT {columns} FROM {table}") or (0, 0)  # noqa: S608
    added, added_size = reader.row(f"SELECT {columns} FROM {table} WHERE {time} >= ?", (since,)) or (0, 0)  # noqa: S608
    return number, total, added, added_size


def _files(folder: Path, kept: int, now: int) -> Usage:
    """Return the usage of the files below a folder, without hidden ones; `kept` is in milliseconds."""
    found = [each.stat() for each in folder.rglob("[!.]*") if each.is_file()] if folder.is_dir() else []
    recent = [each for each in found if each.st_mtime * 1000 >= now - DAY]
    expired = sum(each.st_mtime * 1000 < now - kept for each in found)
    return Usage(
        len(found),
        sum(each.st_size for each in found),
        len(recent),
        sum(each.st_size for each in recent),
        expired,
        kept / DAY,
    )
