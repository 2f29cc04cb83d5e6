"""Store the tasks of ECS."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.store.db import DamagedData, Reader, Row, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An ECS task. `body` contains its statuses, version and times; the columns repeat what queries search for."""

    id: int = 0
    """The row's key, which rises with each task; 0 before the task is stored."""
    arn: str
    cluster: str
    family: str
    launch_type: str
    started_by: str | None
    cpu: int
    """The CPU units that the task reserves on the machine."""
    memory: int
    """The MiB of memory that the task reserves on the machine."""
    body: Json
    """The task in the API's form, with times in milliseconds."""
    tags: Json
    run_order: int | None = None
    """The outbox row that orders the task's run; None once the run is recorded."""
    stop_order: int | None = None
    """The outbox row that orders the task's stop, or None."""
    priority: int = 0
    """Of two tasks that wait for room, the one with the higher priority starts first."""
    exclusive: bool = False
    """Whether the task starts only after the previous task of its family has stopped."""
    waiting_since: int | None = None
    """The milliseconds of the steady clock since which the task waits for room; None once it has its room."""

    @property
    def name(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def status(self) -> str:
        """The task's last status, such as PENDING."""
        return str(self.body["lastStatus"])

    @property
    def desired(self) -> str:
        """RUNNING, or STOPPED once its end is decided."""
        return str(self.body["desiredStatus"])


TASKS = Table(
    "tasks",
    Task,
    json={"body": loads, "tags": loads},
    properties=("name", "status", "desired"),
    damaged="the row of task {arn}",
)


insert = TASKS.insert
"""Store a new task and return its key."""
update = TASKS.update_by("arn")
"""Store the changes of a task."""
get = TASKS.find_by("arn")
"""Return a task by its ARN, or None; raises DamagedData."""
by_name = TASKS.find_by("name")
"""Return a task by the last part of its ARN, or None; raises DamagedData."""


def status(reader: Reader, name: str) -> tuple[str, str] | None:
    """Return the ARN and the status of a task by the last part of its ARN, or None."""
    row = reader.row("SELECT arn, status FROM tasks WHERE name = ?", (name,))
    return (row[0], row[1]) if row else None


def statuses(reader: Reader, arn: str) -> tuple[str, str]:
    """Return the last and the desired status of a task that exists, without reading its body."""
    ((last, desired),) = reader.rows("SELECT status, desired FROM tasks WHERE arn = ?", (arn,))
    return last, desired


def get_without_body(reader: Reader, arn: str) -> Task:
    """Return a task without its body and tags, which cannot be read."""
    (row,) = reader.rows(f"{TASKS.query} WHERE arn = ?", (arn,))
    return TASKS.parse((*row[:8], "{}", "[]", *row[10:]))


any_exists = TASKS.any_exists
"""Return whether there is any task, running or stopped."""


def placed_arns(reader: Reader) -> list[str]:
    """Return the ARNs of all tasks that have their room and have not stopped."""
    sql = "SELECT arn FROM tasks WHERE status <> 'STOPPED' AND waiting_since IS NULL ORDER BY id"
    return [row[0] for row in reader.rows(sql)]


_STOPPED_AT = (
    "CASE WHEN json_valid({0}) THEN CASE WHEN json_type({0}, '$.stoppedAt') IN ('integer', 'real') "
    "THEN json_extract({0}, '$.stoppedAt') END END"
)
"""The SQL for the time in a body; NULL if the body is damaged. `json_extract` alone raises an error then."""


def stopped_before(reader: Reader, time: int, most: int) -> list[tuple[str, str]]:
    """Return the ARNs and names of those of the `most` oldest stopped tasks that stopped before a time.

    A damaged row does not state its time. It counts as old as soon as the next readable task is old.
    """
    next_time = (
        f"SELECT {_STOPPED_AT.format('next.body')} FROM tasks AS next WHERE next.status = 'STOPPED' "  # noqa: S608
        f"AND next.id > oldest.id AND {_STOPPED_AT.format('next.body')} IS NOT NULL ORDER BY next.id LIMIT 1"
    )
    sql = (
        "SELECT arn, name FROM (SELECT id, arn, name, body FROM tasks WHERE status = 'STOPPED' ORDER BY id LIMIT ?) "  # noqa: S608
        f"AS oldest WHERE coalesce({_STOPPED_AT.format('body')}, ({next_time})) < ? ORDER BY id"
    )
    return [(row[0], row[1]) for row in reader.rows(sql, (most, time))]


def delete(tx: Tx, arn: str) -> None:
    """Delete a task that has stopped."""
    tx.execute("DELETE FROM tasks WHERE arn = ? AND status = 'STOPPED'", (arn,))


def page(reader: Reader, filters: Sequence[tuple[str, str]], after: int, most: int) -> list[tuple[int, str]]:
    """Return the key and the ARN of tasks whose columns have these values, in order, after a key."""
    where = "".join(f"{column} = ? AND " for column, _ in filters)
    sql = f"SELECT id, arn FROM tasks WHERE {where}id > ? ORDER BY id LIMIT ?"  # noqa: S608 - our own columns
    return [(row[0], row[1]) for row in reader.rows(sql, (*(value for _, value in filters), after, most))]


ROWS_AT_ONCE = 100
"""The most rows of tasks that are read before the caller decides whether it needs more."""


def outside_runs(
    reader: Reader,
    account: str,
    region: str,
    *,
    family: tuple[str, str] | None,
    before: int,
    most: int,
) -> Iterator[Task]:
    """Yield the newest tasks of an account and region that no state machine started; damaged rows are skipped.

    `family` is the ARN of a cluster and a family within it, `before` the key that follows the newest task, and
    `most` how many the caller reads at most. Rows are read a few at a time, so that a caller who stops early costs
    little. Without `INDEXED BY`, SQLite may read the tasks of all runs.
    """
    index, where = "tasks_outside_runs", "arn LIKE ?"
    given: list[Json] = [f"arn:%:ecs:{region}:{account}:%"]
    if family is not None:
        index, where = "tasks_outside_runs_by_family", f"{where} AND cluster = ? AND family = ?"
        given += family
    sql = (
        f"{TASKS.query} INDEXED BY {index} WHERE started_by IS NOT '{STARTED_BY_STATE_MACHINE}' "
        f"AND id < ? AND {where} ORDER BY id DESC LIMIT ?"
    )
    size = min(most, ROWS_AT_ONCE)
    while rows := reader.rows(sql, (before, *given, size)):
        yield from _readable(rows)
        before = rows[-1][0]


def _readable(rows: Iterable[Row]) -> list[Task]:
    found = []
    for row in rows:
        with suppress(DamagedData):
            found.append(TASKS.parse(row))
    return found


def count_by_cluster(reader: Reader, cluster: str) -> tuple[int, int]:
    """Return the number of running tasks and the number of starting tasks in a cluster."""
    sql = (
        "SELECT coalesce(sum(status = 'RUNNING'), 0), coalesce(sum(status IN ('PROVISIONING', 'PENDING')), 0) "
        "FROM tasks WHERE cluster = ? AND status <> 'STOPPED'"
    )
    ((running, starting),) = reader.rows(sql, (cluster,))
    return running, starting


def used_providers(reader: Reader, cluster: str) -> frozenset[str]:
    """Return the names of the capacity providers of the tasks in a cluster that have not stopped."""
    sql = "SELECT DISTINCT json_extract(body, '$.capacityProviderName') FROM tasks WHERE cluster = ? AND "
    return frozenset(row[0] for row in reader.rows(f"{sql} status <> 'STOPPED' AND json_valid(body)", (cluster,)))


def used_definitions(reader: Reader) -> list[str]:
    """Return the ARNs of the task definitions of all tasks that have not stopped."""
    sql = "SELECT DISTINCT json_extract(body, '$.taskDefinitionArn') FROM tasks WHERE status <> 'STOPPED' "
    return [row[0] for row in reader.rows(f"{sql} AND json_valid(body)")]


def by_token(reader: Reader, cluster: str, token: str) -> tuple[str, list[str]] | None:
    """Return the request's hash and the ARNs of its tasks for a clientToken, or None."""
    row = reader.row("SELECT request, tasks FROM run_task_tokens WHERE cluster = ? AND token = ?", (cluster, token))
    return (row[0], loads(row[1])) if row else None


def insert_token(tx: Tx, cluster: str, token: str, request: str, arns: list[str], now: int) -> None:
    """Store the request's hash and the ARNs of its tasks for a clientToken."""
    tx.execute(
        "INSERT INTO run_task_tokens (cluster, token, request, tasks, created) VALUES (?, ?, ?, ?, ?)",
        (cluster, token, request, dumps(arns), now),
    )


def delete_tokens(tx: Tx, before: int) -> None:
    """Delete the clientTokens that are older than an instant."""
    tx.execute("DELETE FROM run_task_tokens WHERE created < ?", (before,))
