"""Store executions and their histories, and list executions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from lamplighter.base.arn import build
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.retention import RUNS_CUTOFF
from lamplighter.store.rows import Table

EVENT_ID_BITS = 15
"""The bits of a history row's key that hold the id of its first event; the bits above hold the execution's key.

An execution has at most 25,000 events.
"""

Owner = Literal["machine", "version", "alias"]
"""The column by which executions are listed."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution, with the data that the API shows."""

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
    """The ARN of the version with which the execution was started; `alias` is the ARN of the alias."""
    alias: str | None = None
    waited: int = 0
    """The milliseconds by which its deadline is later, because it or its first task waited."""
    origin: str | None = None
    """The ARN of the schedule, rule or execution that started it; empty if a request from outside did; None if it is
    not known, because it was started before schema 51."""


COLUMNS = {each.name: f"e.{each.name}" for each in fields(ExecutionRecord)}
EXECUTIONS = Table("executions e", ExecutionRecord, columns=COLUMNS)


def get(reader: Reader, arn: str) -> ExecutionRecord | None:
    """Return the execution with this ARN, or None."""
    return EXECUTIONS.find(reader, "arn = ?", arn)


def get_by_id(reader: Reader, key: int) -> ExecutionRecord | None:
    """Return the execution with this key, or None."""
    return EXECUTIONS.find(reader, "id = ?", key)


def insert(tx: Tx, values: Sequence[Json]) -> int:
    """Store a new execution, given as the values of the columns that the statement names. Return its key."""
    return tx.insert(
        "INSERT INTO executions "
        "(arn, machine, revision, name, role, status, start, stop, input, output, error, cause, counters, origin) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
        values,
    )


def removed_machines(reader: Reader, account: str, region: str, most: int) -> list[str]:
    """Return the ARNs of deleted state machines that still have executions, in order of name.

    The query jumps from one machine to the next in the index, so its cost does not depend on the number of executions.
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


def set_version_and_alias(tx: Tx, arn: str, version: str | None, alias: str | None) -> None:
    """Record the version and alias with which an execution was started."""
    if version is not None:
        tx.execute("UPDATE executions SET version = ?, alias = ? WHERE arn = ?", (version, alias, arn))


def set_origin(tx: Tx, arn: str, origin: str, person: str) -> None:
    """Record which schedule, rule or execution started an execution, or which person."""
    tx.execute("UPDATE executions SET origin = ?, person = ? WHERE arn = ?", (origin, person, arn))


def add_waited_time(tx: Tx, key: int, milliseconds: int) -> None:
    """Record that an execution's deadline is later, because it waited."""
    tx.execute("UPDATE executions SET waited = waited + ? WHERE id = ?", (milliseconds, key))


def waited_time(reader: Reader, key: int) -> int:
    """Return the milliseconds by which an execution's deadline is later, because it waited."""
    return reader.count("SELECT waited FROM executions WHERE id = ?", (key,))


def number_of_submitted_tasks(reader: Reader, key: int, most: int) -> int:
    """Return how many tasks an execution has submitted, counted up to `most`."""
    start, found = key << EVENT_ID_BITS, 0
    for (body,) in reader.rows("SELECT body FROM history WHERE id BETWEEN ? AND ? ORDER BY id", (start, start | 32767)):
        if "TaskSubmitted" not in body:
            continue
        found += sum(loads(line)["type"] == "TaskSubmitted" for line in body.split("\n") if "TaskSubmitted" in line)
        if found >= most:
            break
    return found


def set_counters(tx: Tx, key: int, counters: str) -> None:
    """Update an execution's counters."""
    tx.execute("UPDATE executions SET counters = ? WHERE id = ?", (counters, key))


def finish(tx: Tx, key: int, outcome: tuple[str, int, str | None, str | None, str | None], counters: str) -> None:
    """Record how an execution ended; `outcome` is status, stop, output, error, cause."""
    tx.execute(
        "UPDATE executions SET status = ?, stop = ?, output = ?, error = ?, cause = ?, counters = ? WHERE id = ?",
        (*outcome, counters, key),
    )


def repair_input(tx: Tx, record: ExecutionRecord) -> str:
    """Replace a damaged input with its text as one JSON string. Return the input that is stored now."""
    try:
        loads(record.input)
    except JsonError:
        repaired = dumps(record.input.encode(errors="replace").decode())
        tx.execute("UPDATE executions SET input = ? WHERE id = ?", (repaired, record.id))
        return repaired
    return record.input


def last_event(reader: Reader, key: int) -> int:
    """Return the id of the last event in an execution's history, or 0 if the history is empty."""
    start = key << EVENT_ID_BITS
    row = reader.row(
        "SELECT id, body FROM history WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", (start, start | 32767)
    )
    return row[0] - start + row[1].count("\n") if row else 0


def last_event_time(reader: Reader, key: int) -> int:
    """Return the time of the last event in an execution's history, or 0 if the history is empty."""
    last = last_event(reader, key)
    return round(loads(history(reader, key, last, 1)[0])["timestamp"] * 1000) if last else 0


def reopen(tx: Tx, key: int) -> None:
    """Set an ended execution to RUNNING again."""
    sql = (
        "UPDATE executions SET status = 'RUNNING', stop = NULL, output = NULL, error = NULL, cause = NULL WHERE id = ?"
    )
    tx.execute(sql, (key,))


def delete_row(tx: Tx, key: int) -> None:
    """Delete an execution's row."""
    tx.execute("DELETE FROM executions WHERE id = ?", (key,))


def expired(reader: Reader, now: int, most: int) -> list[int]:
    """Return the keys of executions whose retention time is over, those that ended first at the front."""
    sql = f"SELECT id FROM executions WHERE stop < ? - {RUNS_CUTOFF} ORDER BY stop LIMIT ?"  # noqa: S608
    return [row[0] for row in reader.rows(sql, (now, most))]


def delete_with_history(tx: Tx, key: int) -> None:
    """Delete an ended execution with its history and its Map Runs."""
    start = key << EVENT_ID_BITS
    tx.execute("DELETE FROM history WHERE id BETWEEN ? AND ?", (start, start | 32767))
    for table in ("map_items", "map_results", "map_children"):
        sql = f"DELETE FROM {table} WHERE run IN (SELECT id FROM map_runs WHERE execution = ?)"  # noqa: S608 - our own tables
        tx.execute(sql, (key,))
    for table in ("map_runs", "map_children", "redrives"):
        tx.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))  # noqa: S608
    delete_row(tx, key)


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """A filter for lists of executions."""

    status: str | None = None
    redriven: bool | None = None
    before: int | None = None
    """The key below which listed executions are: smaller keys are older."""

    def where(self, column: str) -> tuple[str, list[Json]]:
        """Return the condition in SQL and its values; `column` is the column of the execution's key."""
        conditions: list[str] = [f"{column} < ?"]
        values: list[Json] = [2**62 if self.before is None else self.before]
        if self.status is not None:
            conditions, values = [*conditions, "e.status = ?"], [*values, self.status]
        if self.redriven is not None:
            conditions, values = [*conditions, "(json_extract(e.counters, '$[4]') > 0) = ?"], [*values, self.redriven]
        return " AND ".join(conditions), values


def page(reader: Reader, owner: tuple[Owner, str], criteria: ExecutionFilter, most: int) -> list[ExecutionRecord]:
    """Return executions of a state machine, a version or an alias, newest first."""
    where, values = criteria.where("e.id")
    return EXECUTIONS.select(reader, f"{owner[0]} = ? AND {where} ORDER BY e.id DESC LIMIT ?", owner[1], *values, most)


def page_of_run(reader: Reader, run: int, criteria: ExecutionFilter, most: int) -> list[tuple[ExecutionRecord, int]]:
    """Return executions of a Map Run, newest first, each with its number of items."""
    where, values = criteria.where("c.execution")
    sql = (
        f"SELECT {', '.join(COLUMNS.values())}, c.items FROM map_children c JOIN executions e ON e.id = c.execution "  # noqa: S608
        f"WHERE c.run = ? AND {where} ORDER BY c.execution DESC LIMIT ?"
    )
    return [(ExecutionRecord(*row[:-1]), row[-1]) for row in reader.rows(sql, (run, *values, most))]


def append_history(tx: Tx, key: int, first: int, entries: Sequence[bytes]) -> None:
    """Append events to the history; the first one has the id `first`."""
    tx.execute(
        "INSERT INTO history (id, body) VALUES (?, ?)", (key << EVENT_ID_BITS | first, b"\n".join(entries).decode())
    )


def history(reader: Reader, key: int, first: int, most: int) -> list[str]:
    """Return at most `most` events from the id `first` on, each as JSON text."""
    start = key << EVENT_ID_BITS
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
