"""Executions, their histories, and their lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lamplighter.base.arn import build
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

EVENTS_BITS = 15
"""At most 25,000 events: the key of a history row is the execution's and its first event's in one integer."""

Owner = Literal["machine", "version", "alias"]
"""By which column executions are listed."""

COLUMNS = (
    "id, arn, machine, revision, name, role, status, start, stop, input, output, error, cause, counters, version, alias"
)


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One execution, as the API tells of it."""

    id: int
    arn: str
    machine: str
    revision: str
    name: str
    role: str
    status: str
    start: int
    stop: int | None
    input: str
    output: str | None
    error: str | None
    cause: str | None
    counters: str
    version: str | None = None
    """The ARN of the version that it was started with, and of the alias."""
    alias: str | None = None


def _record(row: Row) -> ExecutionRecord:
    return ExecutionRecord(*row)


def get(reader: Reader, arn: str) -> ExecutionRecord | None:
    """An execution by its ARN."""
    row = reader.row(f"SELECT {COLUMNS} FROM executions WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _record(row) if row else None


def get_by_id(reader: Reader, key: int) -> ExecutionRecord | None:
    """An execution by its key."""
    row = reader.row(f"SELECT {COLUMNS} FROM executions WHERE id = ?", (key,))  # noqa: S608 - our own columns
    return _record(row) if row else None


def insert(tx: Tx, values: Sequence[Json]) -> int:
    """Keep a new execution, given as the columns after `id`; its key."""
    return tx.insert(
        "INSERT INTO executions "
        "(arn, machine, revision, name, role, status, start, stop, input, output, error, cause, counters) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )


def removed_machines(reader: Reader, account: str, region: str, most: int) -> list[str]:
    """The ARNs of state machines that are gone and have executions that are kept, in order of name.

    It goes from one machine to the next in the index, however many executions each has.
    """
    low, high = (build("states", region, account, f"stateMachine{end}") for end in ":;")
    sql = """
        WITH RECURSIVE found (machine) AS (
            SELECT min(machine) FROM executions WHERE machine > ?1 AND machine < ?2
            UNION ALL
            SELECT (SELECT min(machine) FROM executions WHERE machine > found.machine AND machine < ?2)
            FROM found WHERE found.machine IS NOT NULL
        )
        SELECT machine FROM found WHERE machine IS NOT NULL AND instr(machine, '/') = 0
        AND NOT EXISTS (SELECT 1 FROM state_machines WHERE state_machines.arn = found.machine) LIMIT ?3
    """
    return [row[0] for row in reader.rows(sql, (low, high, most))]


def qualify(tx: Tx, arn: str, version: str | None, alias: str | None) -> None:
    """Keep with which version and alias an execution was started."""
    if version is not None:
        tx.execute("UPDATE executions SET version = ?, alias = ? WHERE arn = ?", (version, alias, arn))


def set_counters(tx: Tx, key: int, counters: str) -> None:
    """Keep an execution's counters."""
    tx.execute("UPDATE executions SET counters = ? WHERE id = ?", (counters, key))


def finish(tx: Tx, key: int, outcome: tuple[str, int, str | None, str | None, str | None], counters: str) -> None:
    """Keep how an execution ended: status, stop, output, error, cause."""
    tx.execute(
        "UPDATE executions SET status = ?, stop = ?, output = ?, error = ?, cause = ?, counters = ? WHERE id = ?",
        (*outcome, counters, key),
    )


def repair_input(tx: Tx, record: ExecutionRecord) -> str:
    """Make an execution's input JSON again where it is damaged: its text as one string. The input as it is kept now."""
    try:
        loads(record.input)
    except JsonError:
        mended = dumps(record.input.encode(errors="replace").decode())
        tx.execute("UPDATE executions SET input = ? WHERE id = ?", (mended, record.id))
        return mended
    return record.input


def last_event(reader: Reader, key: int) -> int:
    """The id of the last event in an execution's history."""
    start = key << EVENTS_BITS
    row = reader.row(
        "SELECT id, body FROM history WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", (start, start | 32767)
    )
    return row[0] - start + row[1].count("\n") if row else 0


def reopen(tx: Tx, key: int) -> None:
    """An execution that had ended runs again."""
    sql = (
        "UPDATE executions SET status = 'RUNNING', stop = NULL, output = NULL, error = NULL, cause = NULL WHERE id = ?"
    )
    tx.execute(sql, (key,))


def delete(tx: Tx, key: int) -> None:
    """Forget an execution."""
    tx.execute("DELETE FROM executions WHERE id = ?", (key,))


def ended_before(reader: Reader, time: int, most: int) -> list[int]:
    """The keys of executions that ended before a time, those that ended first."""
    sql = "SELECT id FROM executions WHERE stop < ? ORDER BY stop LIMIT ?"
    return [row[0] for row in reader.rows(sql, (time, most))]


def forget(tx: Tx, key: int) -> None:
    """Forget an execution that has ended, with its history and its Map Runs."""
    start = key << EVENTS_BITS
    tx.execute("DELETE FROM history WHERE id BETWEEN ? AND ?", (start, start | 32767))
    for table in ("map_items", "map_results", "map_children"):
        sql = f"DELETE FROM {table} WHERE run IN (SELECT id FROM map_runs WHERE execution = ?)"  # noqa: S608 - our own tables
        tx.execute(sql, (key,))
    for table in ("map_runs", "map_children", "redrives"):
        tx.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))  # noqa: S608
    delete(tx, key)


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a list has."""

    status: str | None = None
    redriven: bool | None = None
    before: int | None = None
    """Those with smaller keys, which are older."""

    def where(self, column: str) -> tuple[str, list[Json]]:
        """The condition in SQL, and its values; `column`: that of the key."""
        conditions: list[str] = [f"{column} < ?"]
        values: list[Json] = [2**62 if self.before is None else self.before]
        if self.status is not None:
            conditions, values = [*conditions, "e.status = ?"], [*values, self.status]
        if self.redriven is not None:
            conditions, values = [*conditions, "(json_extract(e.counters, '$[4]') > 0) = ?"], [*values, self.redriven]
        return " AND ".join(conditions), values


def page(reader: Reader, owner: tuple[Owner, str], wanted: ExecutionFilter, most: int) -> list[ExecutionRecord]:
    """Executions of a state machine, a version or an alias, the newest first."""
    where, values = wanted.where("e.id")
    sql = f"SELECT {COLUMNS} FROM executions e WHERE {owner[0]} = ? AND {where} ORDER BY e.id DESC LIMIT ?"  # noqa: S608
    return [_record(row) for row in reader.rows(sql, (owner[1], *values, most))]


def page_of_run(reader: Reader, run: int, wanted: ExecutionFilter, most: int) -> list[tuple[ExecutionRecord, int]]:
    """Executions of a Map Run, the newest first, and how many items each has."""
    where, values = wanted.where("c.execution")
    columns = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
    sql = (
        f"SELECT {columns}, c.items FROM map_children c JOIN executions e ON e.id = c.execution "  # noqa: S608
        f"WHERE c.run = ? AND {where} ORDER BY c.execution DESC LIMIT ?"
    )
    return [(_record(row[:-1]), row[-1]) for row in reader.rows(sql, (run, *values, most))]


def running_of_machine(reader: Reader, machine: str) -> list[int]:
    """The keys of a state machine's executions that run."""
    return [
        row[0] for row in reader.rows("SELECT id FROM executions WHERE machine = ? AND status = 'RUNNING'", (machine,))
    ]


def append_history(tx: Tx, key: int, first: int, entries: Sequence[bytes]) -> None:
    """Append events, of which the first has the id `first`."""
    tx.execute(
        "INSERT INTO history (id, body) VALUES (?, ?)", (key << EVENTS_BITS | first, b"\n".join(entries).decode())
    )


def history(reader: Reader, key: int, first: int, most: int) -> list[str]:
    """Up to `most` events from the id `first` on, as JSON text each."""
    start = key << EVENTS_BITS
    row = reader.row("SELECT max(id) FROM history WHERE id BETWEEN ? AND ?", (start, start | first))
    if row is None or row[0] is None:
        return []
    found: list[str] = []
    chunk = row[0]
    skip = first - (chunk - start)
    rows = reader.rows(
        "SELECT body FROM history WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", (chunk, start | 32767, most + 1)
    )
    for (body,) in rows:
        found += body.split("\n")
        if len(found) >= skip + most:
            break
    return found[skip : skip + most]
