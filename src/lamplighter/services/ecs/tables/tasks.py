"""Tasks of ECS."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Damaged, Reader, Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. Its statuses, version and times are in `body`; the columns repeat what is searched for."""

    id: int = 0
    """Rises with each task; 0 before it is kept."""
    arn: str
    cluster: str
    family: str
    launch_type: str
    started_by: str | None
    cpu: int
    """CPU units that it takes of the machine."""
    memory: int
    """MiB that it takes of the machine."""
    body: Json
    """As the API shows it, times in milliseconds."""
    tags: Json
    run_order: int | None = None
    """The outbox row that orders it run; None once that is on record."""
    stop_order: int | None = None
    """The outbox row that orders it stopped; None where there is none."""

    @property
    def name(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def status(self) -> str:
        """Where it is in its life."""
        status: str = self.body["lastStatus"]
        return status

    @property
    def desired(self) -> str:
        """RUNNING, or STOPPED once its end is decided."""
        desired: str = self.body["desiredStatus"]
        return desired


COLUMNS = "id, arn, cluster, family, launch_type, started_by, cpu, memory, body, tags, run_order, stop_order"


def _task(row: Row) -> Task:
    try:
        return _read(row)
    except JsonError as error:
        raise Damaged(f"the row of task {row[1]} cannot be read: {error}") from error


def _read(row: Row) -> Task:
    key, arn, cluster, family, launch_type, started_by, cpu, memory, body, tags, run_order, stop_order = row
    return Task(
        id=key,
        arn=arn,
        cluster=cluster,
        family=family,
        launch_type=launch_type,
        started_by=started_by,
        cpu=cpu,
        memory=memory,
        body=loads(body),
        tags=loads(tags),
        run_order=run_order,
        stop_order=stop_order,
    )


def insert(tx: Tx, task: Task) -> int:
    """Keep a new task; its key."""
    return tx.insert(
        "INSERT INTO tasks (arn, name, cluster, family, launch_type, started_by, cpu, memory, status, desired, body, "
        "tags, run_order, stop_order) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            task.arn,
            task.name,
            task.cluster,
            task.family,
            task.launch_type,
            task.started_by,
            task.cpu,
            task.memory,
            *_changing(task),
        ),
    )


def update(tx: Tx, task: Task) -> None:
    """Keep what has changed of a task."""
    tx.execute(
        "UPDATE tasks SET status = ?, desired = ?, body = ?, tags = ?, run_order = ?, stop_order = ? WHERE arn = ?",
        (*_changing(task), task.arn),
    )


def _changing(task: Task) -> tuple[Json, ...]:
    return (task.status, task.desired, dumps(task.body), dumps(task.tags), task.run_order, task.stop_order)


def get(reader: Reader, arn: str) -> Task | None:
    """A task by its ARN; raises Damaged."""
    row = reader.row(f"SELECT {COLUMNS} FROM tasks WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _task(row) if row else None


def by_name(reader: Reader, name: str) -> Task | None:
    """A task by the last part of its ARN; raises Damaged."""
    row = reader.row(f"SELECT {COLUMNS} FROM tasks WHERE name = ?", (name,))  # noqa: S608 - our own columns
    return _task(row) if row else None


def status(reader: Reader, name: str) -> tuple[str, str] | None:
    """ARN and status of a task by the last part of its ARN."""
    row = reader.row("SELECT arn, status FROM tasks WHERE name = ?", (name,))
    return (row[0], row[1]) if row else None


def get_without_body(reader: Reader, arn: str) -> Task:
    """A task whose body and tags can't be read, without them."""
    row = reader.row(f"SELECT {COLUMNS} FROM tasks WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    assert row is not None
    return _read((*row[:8], "{}", "[]", *row[10:]))


def running_arns(reader: Reader) -> list[str]:
    """The ARNs of all tasks that have not stopped."""
    return [row[0] for row in reader.rows("SELECT arn FROM tasks WHERE status <> 'STOPPED' ORDER BY id")]


def stopped_before(reader: Reader, time: int, most: int) -> list[tuple[str, str]]:
    """The ARNs and names of tasks that stopped before a time, looked for among the oldest."""
    sql = (
        "SELECT arn, name FROM (SELECT arn, name, body FROM tasks WHERE status = 'STOPPED' ORDER BY id LIMIT ?) "
        "WHERE json_extract(body, '$.stoppedAt') < ?"
    )
    return [(row[0], row[1]) for row in reader.rows(sql, (most, time))]


def forget(tx: Tx, arn: str) -> None:
    """Forget a task that has stopped."""
    tx.execute("DELETE FROM tasks WHERE arn = ? AND status = 'STOPPED'", (arn,))


def page(reader: Reader, filters: Sequence[tuple[str, str]], after: int, most: int) -> list[tuple[int, str]]:
    """Key and ARN of tasks whose columns have these values, in order, from after a key."""
    where = "".join(f"{column} = ? AND " for column, _ in filters)
    sql = f"SELECT id, arn FROM tasks WHERE {where}id > ? ORDER BY id LIMIT ?"  # noqa: S608 - our own columns
    return [(row[0], row[1]) for row in reader.rows(sql, (*(value for _, value in filters), after, most))]


def latest(reader: Reader, account: str, region: str, before: int, most: int) -> list[Task]:
    """Tasks of a place, the latest first, from before a key; those whose rows are damaged are passed over."""
    sql = f"SELECT {COLUMNS} FROM tasks WHERE id < ? AND arn LIKE ? ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own
    rows = reader.rows(sql, (before, f"arn:%:ecs:{region}:{account}:%", most))
    found = []
    for row in rows:
        with suppress(JsonError):
            found.append(_read(row))
    return found


def count_by_cluster(reader: Reader, cluster: str) -> tuple[int, int]:
    """How many tasks of a cluster run, and how many are on their way there."""
    sql = (
        "SELECT coalesce(sum(status = 'RUNNING'), 0), coalesce(sum(status IN ('PROVISIONING', 'PENDING')), 0) "
        "FROM tasks WHERE cluster = ? AND status <> 'STOPPED'"
    )
    row = reader.row(sql, (cluster,))
    assert row is not None
    return (row[0], row[1])


def reserved_capacity(reader: Reader) -> tuple[int, int]:
    """CPU units and MiB that the tasks which have not stopped take of the machine."""
    row = reader.row("SELECT coalesce(sum(cpu), 0), coalesce(sum(memory), 0) FROM tasks WHERE status <> 'STOPPED'")
    assert row is not None
    return (row[0], row[1])


def by_token(reader: Reader, cluster: str, token: str) -> tuple[str, list[str]] | None:
    """The request that a clientToken came with, and the ARNs of its tasks."""
    row = reader.row("SELECT request, tasks FROM run_task_tokens WHERE cluster = ? AND token = ?", (cluster, token))
    return (row[0], loads(row[1])) if row else None


def keep_token(tx: Tx, cluster: str, token: str, request: str, arns: list[str], now: int) -> None:
    """Remember what a clientToken came to."""
    tx.execute(
        "INSERT INTO run_task_tokens (cluster, token, request, tasks, created) VALUES (?, ?, ?, ?, ?)",
        (cluster, token, request, dumps(arns), now),
    )


def forget_tokens(tx: Tx, before: int) -> None:
    """Forget the clientTokens from before an instant."""
    tx.execute("DELETE FROM run_task_tokens WHERE created < ?", (before,))
