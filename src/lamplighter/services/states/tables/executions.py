"""Store executions, and list them."""

from dataclasses import MISSING, dataclass, fields
from typing import Literal

from lamplighter.asl.execution.messages import Finish
from lamplighter.base.aws.arn import build
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.services.states.tables import history
from lamplighter.services.states.tables.frames import Counters
from lamplighter.store.db import Reader, Tx
from lamplighter.store.retention import RUNS_CUTOFF
from lamplighter.store.rows import Table

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
NEW_COLUMNS = tuple(each.name for each in fields(ExecutionRecord) if each.default is MISSING and each.name != "id")
"""The columns of a new execution; the others have defaults."""
EXECUTIONS = Table("executions e", ExecutionRecord, columns=COLUMNS)


get = EXECUTIONS.find_by("arn")
"""Return the execution with this ARN, or None."""


get_by_id = EXECUTIONS.find_by("id")
"""Return the execution with this key, or None."""


def insert(tx: Tx, record: ExecutionRecord) -> int:
    """Store a new execution, which has no key yet, and return its key."""
    sql = f"INSERT INTO executions ({', '.join(NEW_COLUMNS)}, origin) VALUES ({'?, ' * len(NEW_COLUMNS)}'')"  # noqa: S608
    return tx.insert(sql, [getattr(record, name) for name in NEW_COLUMNS])


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


def set_counters(tx: Tx, key: int, counters: str) -> None:
    """Update an execution's counters."""
    tx.execute("UPDATE executions SET counters = ? WHERE id = ?", (counters, key))


def finish(tx: Tx, key: int, end: Finish, stop: int, counters: str) -> None:
    """Record how and when an execution ended."""
    tx.execute(
        "UPDATE executions SET status = ?, stop = ?, output = ?, error = ?, cause = ?, counters = ? WHERE id = ?",
        (end.status, stop, end.output, end.error, end.cause, counters, key),
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
    history.delete(tx, key)
    for table in ("map_items", "map_results", "map_children"):
        sql = f"DELETE FROM {table} WHERE run IN (SELECT id FROM map_runs WHERE execution = ?)"  # noqa: S608 - our own tables
        tx.execute(sql, (key,))
    for table in ("map_runs", "map_children", "redrives"):
        tx.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))  # noqa: S608
    delete_row(tx, key)


REDRIVES = f"json_extract(e.counters, '$[{Counters._fields.index('redrives')}]')"


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
            conditions, values = [*conditions, f"({REDRIVES} > 0) = ?"], [*values, self.redriven]
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
