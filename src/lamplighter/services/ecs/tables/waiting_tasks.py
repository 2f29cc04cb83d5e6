"""Store what tasks reserve on the machine, which tasks wait for room, and the limits that a job file sets."""

from dataclasses import dataclass

from lamplighter.services.ecs.capacity import CapacityLimits, Reservation
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that waits for room, without its description."""

    arn: str
    family: str
    priority: int
    exclusive: bool
    need: Reservation


_PLACED = "status <> 'STOPPED' AND waiting_since IS NULL"
_OTHER_PLACED = "other.status <> 'STOPPED' AND other.waiting_since IS NULL"
_WAITING = "waiting_since IS NOT NULL AND desired = 'RUNNING'"


def reserved(reader: Reader) -> Reservation:
    """Return what the tasks reserve that have their room and have not stopped."""
    columns = "coalesce(sum(cpu), 0), coalesce(sum(memory), 0), count(*)"
    sql = f"SELECT {columns} FROM tasks INDEXED BY tasks_placed WHERE {_PLACED}"  # noqa: S608 - our own columns
    ((cpu, memory, number),) = reader.rows(sql)
    return Reservation(cpu, memory, number)


def has_placed_task(reader: Reader, family: str) -> bool:
    """Return whether a task of a family has its room and has not stopped."""
    sql = f"SELECT 1 FROM tasks WHERE {_PLACED} AND family = ? LIMIT 1"  # noqa: S608
    return reader.row(sql, (family,)) is not None


def first_startable(reader: Reader, most: int) -> list[WaitingTask]:
    """Return at most `most` waiting tasks, in the order in which they start, without those that wait for another task
    of their family.
    """
    other = f"SELECT 1 FROM tasks AS other WHERE other.family = waiting.family AND {_OTHER_PLACED}"  # noqa: S608
    sql = (
        f"SELECT arn, family, priority, exclusive, cpu, memory FROM tasks AS waiting WHERE {_WAITING} "  # noqa: S608
        f"AND NOT (exclusive AND EXISTS ({other})) ORDER BY priority DESC, id LIMIT ?"
    )
    return [
        WaitingTask(arn, family, priority, bool(exclusive), Reservation(cpu, memory, 1))
        for arn, family, priority, exclusive, cpu, memory in reader.rows(sql, (most,))
    ]


def number_before(reader: Reader, task: Task) -> int:
    """Return the number of waiting tasks that start before a waiting task."""
    sql = f"SELECT count(*) FROM tasks WHERE {_WAITING} AND (priority > ? OR (priority = ? AND id < ?))"  # noqa: S608
    return reader.count(sql, (task.priority, task.priority, task.id))


def number_and_oldest(reader: Reader) -> tuple[int, int | None]:
    """Return the number of waiting tasks, and since when the oldest waits (milliseconds of the steady clock)."""
    ((number, since),) = reader.rows(f"SELECT count(*), min(waiting_since) FROM tasks WHERE {_WAITING}")  # noqa: S608
    return number, since


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
