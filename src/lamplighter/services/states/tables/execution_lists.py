"""List executions of all state machines of a place, or of one, with what the console shows of each.

An execution that was skipped (`runs/jobs/skipped_runs.py`) has the status SKIPPED here. The children of Maps and
express executions are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.aws.arn import build
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.repetition import INFIX, first_name
from lamplighter.store.db import Reader
from lamplighter.store.rows import Table

FOREVER = 9_223_372_036_854_775_807
"""The end of a running execution in the index `executions_of_night`."""
_SKIPPED = """e.status = 'SUCCEEDED' AND ifnull(e.output, '') LIKE '{"skipped":true,"running":%"arn:%'"""
STATUS = f"CASE WHEN {_SKIPPED} THEN 'SKIPPED' ELSE e.status END"
_SCHEDULED = """CASE WHEN instr(e.input, '"scheduled"') AND json_valid(e.input)
    THEN json_extract(e.input, '$.lamplighter.scheduled') END"""
_ORIGIN = """CASE WHEN e.origin LIKE '%--start:%'
    THEN coalesce((SELECT nullif(o.origin, '') FROM executions o WHERE o.arn = e.origin), e.origin)
    ELSE e.origin END"""
"""What started an execution; what started the supporting machine that only passed the start on."""
_QUEUED = "EXISTS (SELECT 1 FROM queued_executions q WHERE q.execution = e.id)"
COLUMNS = f"""e.id, e.arn, e.machine, {STATUS}, e.start, e.stop, e.counters, {_ORIGIN}, coalesce(r.idle, 0),
    {_SCHEDULED}, {_QUEUED}, e.person"""
TABLES = "executions e LEFT JOIN redrives r ON r.execution = e.id"


@dataclass(frozen=True, slots=True)
class ListedExecution:
    """An execution in a list."""

    id: int
    arn: str
    machine: str
    status: str
    """AWS's status, or SKIPPED."""
    start: int
    stop: int | None
    counters: str
    origin: str | None
    """See `ExecutionRecord.origin`."""
    idle: int
    """The milliseconds between the parts of a redriven execution."""
    scheduled: Json
    """The scheduled time that the input states; anything, because a user can write an input."""
    queued: bool
    """Whether the execution waits until earlier ones of its state machine have ended."""
    person: str
    """The name of the person or key that started it; empty if it is not known."""


LISTED = Table("executions", ListedExecution)


@dataclass(frozen=True, slots=True)
class ListCriteria:
    """Which executions are listed; times are in milliseconds since the epoch."""

    statuses: Sequence[str] = ()
    """The statuses, or all if empty."""
    since: int | None = None
    until: int | None = None
    """`since` and `until` are the earliest and the latest start."""
    origin: str | None = None

    def where(self) -> tuple[str, list[Json]]:
        """Return the condition in SQL and its values."""
        found: list[tuple[str, list[Json]]] = []
        if self.statuses:
            found.append((f"{STATUS} IN ({', '.join('?' * len(self.statuses))})", list(self.statuses)))
        compared = ("e.start >= ?", self.since), ("e.start <= ?", self.until), (f"{_ORIGIN} = ?", self.origin)
        found += [(condition, [value]) for condition, value in compared if value is not None]
        return " AND ".join(["TRUE", *(each for each, _ in found)]), [value for _, values in found for value in values]


def executions_since(reader: Reader, account: str, region: str, since: int) -> Iterator[ListedExecution]:
    """Yield the executions of a place that run or that ended since a time, those that ended first at the front."""
    low, high = machines_of_place(account, region)
    sql = (
        f"SELECT {COLUMNS} FROM {TABLES} WHERE ifnull(e.stop, {FOREVER}) >= ? AND instr(e.machine, '/') = 0 "  # noqa: S608
        "AND e.machine > ? AND e.machine < ? AND e.arn NOT LIKE 'arn:%:express:%' ORDER BY ifnull(e.stop, "
        f"{FOREVER}), e.id"
    )
    return (LISTED.parse(row) for row in reader.rows(sql, (since, low, high)))


def repetitions(
    reader: Reader, first: str, machine: str, input_text: str | None
) -> list[tuple[ListedExecution, str, str | None, str | None]]:
    """Return the execution with the ARN `first` and its repetitions, and what runs with the same input.

    Each has its name, its error and its cause.
    """
    found = f"SELECT {COLUMNS}, e.name, e.error, e.cause FROM {TABLES} WHERE"  # noqa: S608
    low, high = _repetition_range(first)
    sql = (
        f"{found} e.arn = ?1 UNION {found} e.arn > ?2 AND e.arn < ?3 "
        f"UNION {found} e.machine = ?4 AND e.status = 'RUNNING' AND e.input = ?5"
    )
    rows = reader.rows(sql, (first, low, high, machine, input_text))
    return [(LISTED.parse(row[:-3]), *row[-3:]) for row in rows]


def find_other_repetition(reader: Reader, arn: str) -> str | None:
    """Return the ARN of another execution that is under way and repeats this one, or the same run; else None."""
    place, _, name = arn.rpartition(":")
    first = f"{place}:{first_name(name)}"
    sql = "SELECT arn FROM executions WHERE (arn = ? OR (arn > ? AND arn < ?)) AND arn <> ? AND status = 'RUNNING'"
    found: str | None = reader.value(sql, (first, *_repetition_range(first), arn))
    return found


def _repetition_range(first: str) -> tuple[str, str]:
    """Return between which ARNs those of the repetitions are."""
    return f"{first}{INFIX}", f"{first}{INFIX[:-1]}."  # a full stop follows the hyphen


ORDERS = {
    "newest": "e.start DESC, e.id DESC",
    "oldest": "e.start, e.id",
    "longest": "coalesce(e.stop, e.start) - e.start - coalesce(r.idle, 0) DESC, e.id DESC",
    "shortest": "coalesce(e.stop, e.start) - e.start - coalesce(r.idle, 0), e.id DESC",
}
"""The orders of a list, by their names."""


def list_of_machine(
    reader: Reader, machine: str, criteria: ListCriteria, order: str, offset: int, limit: int
) -> list[tuple[ListedExecution, str, str | None, str | None]]:
    """Return executions of a state machine in an order of `ORDERS`, without the first `offset`.

    Each has its name, its error and its cause.
    """
    where, values = criteria.where()
    sql = (
        f"SELECT {COLUMNS}, e.name, e.error, e.cause FROM {TABLES} WHERE e.machine = ? AND {where} "  # noqa: S608
        f"ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"
    )
    return [(LISTED.parse(row[:-3]), *row[-3:]) for row in reader.rows(sql, (machine, *values, limit, offset))]


def latest_of_machines(
    reader: Reader, account: str, region: str
) -> list[tuple[ListedExecution, str, str | None, str | None, bool]]:
    """Return the latest execution of each state machine of a place.

    Each has its name, its error and its cause, and whether any execution of its state machine is under way.
    """
    low, high = machines_of_place(account, region)
    sql = (
        f"SELECT {COLUMNS}, e.name, e.error, e.cause, "  # noqa: S608 - our own
        "EXISTS (SELECT 1 FROM executions WHERE machine = m.arn AND status = 'RUNNING') "
        f"FROM state_machines m JOIN {TABLES} WHERE m.arn > ? AND m.arn < ? AND m.type = 'STANDARD' "
        "AND e.id = (SELECT max(id) FROM executions WHERE machine = m.arn)"
    )
    return [(LISTED.parse(row[:-4]), *row[-4:-1], bool(row[-1])) for row in reader.rows(sql, (low, high))]


def latest_durations(reader: Reader, machine: str, most: int) -> list[int]:
    """Return the milliseconds that the latest succeeded executions of a state machine ran, without skipped ones."""
    sql = (
        f"SELECT e.stop - e.start - coalesce(r.idle, 0) FROM {TABLES} WHERE e.machine = ? "  # noqa: S608
        f"AND e.status = 'SUCCEEDED' AND NOT ({_SKIPPED}) ORDER BY e.id DESC LIMIT ?"
    )
    return [row[0] for row in reader.rows(sql, (machine, most))]


def count_by_status(reader: Reader, machine: str, criteria: ListCriteria) -> dict[str, int]:
    """Return how many executions of a state machine there are with each status."""
    where, values = criteria.where()
    sql = f"SELECT {STATUS} AS state, count(*) FROM executions e WHERE e.machine = ? AND {where} GROUP BY state"  # noqa: S608
    return dict(reader.rows(sql, (machine, *values)))


def machines_of_place(account: str, region: str) -> tuple[str, str]:
    """Return two texts between which the ARNs of a place's state machines are."""
    return build("states", region, account, "stateMachine:"), build("states", region, account, "stateMachine;")
