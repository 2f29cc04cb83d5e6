"""Store what tasks reserve on the machine, which tasks wait for room, and the limits that a job file sets."""

from dataclasses import dataclass

from lamplighter.services.ecs.capacity import CapacityLimits, Reservation
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that waits for room, without its description."""

    id: int
    """The number of its row: a younger task has a larger one."""
    arn: str
    family: str
    priority: int
    exclusive: bool
    need: Reservation


@dataclass(frozen=True, slots=True)
class Queue:
    """The tasks that wait for room on the machine."""

    number: int
    oldest: str
    """The ARN of the task that has waited longest."""
    since: int
    """Since when it waits, in milliseconds of the steady clock."""


STANDS_MILLISECONDS = 30 * 60_000
"""How long the oldest task waits before the health and an alert report the queue."""
NEWEST = 2**62
"""More than the number of any row."""
_PLACED = "status <> 'STOPPED' AND waiting_since IS NULL"
_OTHER_OF_FAMILY = (
    "SELECT 1 FROM tasks AS other "
    "WHERE other.family = waiting.family AND other.status <> 'STOPPED' AND other.waiting_since IS NULL"
)
_WAITING = "waiting_since IS NOT NULL AND desired = 'RUNNING'"


def reserved(reader: Reader, before: int = NEWEST) -> Reservation:
    """Return what the tasks reserve that have their room and have not stopped.

    `before`: only those that are older than the task in this row.
    """
    columns = "coalesce(sum(cpu), 0), coalesce(sum(memory), 0), count(*)"
    sql = f"SELECT {columns} FROM tasks INDEXED BY tasks_placed WHERE {_PLACED} AND id < ?"  # noqa: S608 - our own columns
    ((cpu, memory, number),) = reader.rows(sql, (before,))
    return Reservation(cpu, memory, number)


def has_placed_task(reader: Reader, family: str) -> bool:
    """Return whether a task of a family has its room and has not stopped."""
    sql = f"SELECT 1 FROM tasks WHERE {_PLACED} AND family = ? LIMIT 1"  # noqa: S608
    return reader.row(sql, (family,)) is not None


def first_startable(reader: Reader, most: int) -> list[WaitingTask]:
    """Return at most `most` waiting tasks, in the order in which they start, without those that wait for another task
    of their family.
    """
    sql = (
        f"SELECT id, arn, family, priority, exclusive, cpu, memory FROM tasks AS waiting "  # noqa: S608
        f"WHERE {_WAITING} "
        f"AND NOT (exclusive AND EXISTS ({_OTHER_OF_FAMILY})) ORDER BY priority DESC, id LIMIT ?"
    )
    return [
        WaitingTask(number, arn, family, priority, bool(exclusive), Reservation(cpu, memory, 1))
        for number, arn, family, priority, exclusive, cpu, memory in reader.rows(sql, (most,))
    ]


def number_before(reader: Reader, task: Task) -> int:
    """Return the number of waiting tasks that start before a waiting task."""
    sql = f"SELECT count(*) FROM tasks WHERE {_WAITING} AND (priority > ? OR (priority = ? AND id < ?))"  # noqa: S608
    return reader.count(sql, (task.priority, task.priority, task.id))


def number_and_oldest(reader: Reader) -> tuple[int, int | None]:
    """Return the number of waiting tasks, and since when the oldest waits (milliseconds of the steady clock)."""
    ((number, since),) = reader.rows(f"SELECT count(*), min(waiting_since) FROM tasks WHERE {_WAITING}")  # noqa: S608
    return number, since


def queue(reader: Reader) -> Queue | None:
    """Return the tasks that wait for room, or None; tasks that wait for another task of their family do not count."""
    sql = (
        f"SELECT count(*), arn, min(waiting_since) FROM tasks AS waiting WHERE {_WAITING} "  # noqa: S608
        f"AND NOT (exclusive AND EXISTS ({_OTHER_OF_FAMILY}))"
    )
    ((number, arn, since),) = reader.rows(sql)
    return Queue(number, arn, since) if number else None


def waiting_families(reader: Reader) -> list[str]:
    """Return the families of all waiting tasks, the one that has waited longest first."""
    sql = f"SELECT family FROM tasks WHERE {_WAITING} GROUP BY family ORDER BY min(waiting_since), family"  # noqa: S608
    return [row[0] for row in reader.rows(sql)]


def all_waiting(reader: Reader) -> list[str]:
    """Return the ARNs of all tasks that wait for room."""
    sql = f"SELECT arn FROM tasks INDEXED BY tasks_waiting WHERE {_WAITING} ORDER BY id"  # noqa: S608 - our own columns
    return [row[0] for row in reader.rows(sql)]


def is_waiting(reader: Reader, arn: str) -> bool:
    """Return whether a task waits for room."""
    return reader.row(f"SELECT 1 FROM tasks WHERE arn = ? AND {_WAITING}", (arn,)) is not None  # noqa: S608


def are_more_than(reader: Reader, number: int) -> bool:
    """Return whether more than a number of tasks wait for room; reads no more rows than that."""
    sql = f"SELECT 1 FROM tasks INDEXED BY tasks_waiting WHERE {_WAITING} LIMIT 1 OFFSET ?"  # noqa: S608
    return reader.row(sql, (number,)) is not None


def limits(reader: Reader) -> CapacityLimits:
    """Return the limits that the job file sets."""
    row = reader.row("SELECT cpu, memory, tasks FROM capacity_limits")
    return CapacityLimits() if row is None else CapacityLimits(*row)


def set_limits(tx: Tx, given: CapacityLimits) -> None:
    """Replace the limits that the job file sets."""
    tx.execute(
        "INSERT OR REPLACE INTO capacity_limits (id, cpu, memory, tasks) VALUES (1, ?, ?, ?)",
        (given.cpu, given.memory, given.tasks),
    )
