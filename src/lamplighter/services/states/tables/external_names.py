"""Store which work of an execution waits for which external name: the ARN of an ECS task, of an execution, ….

An answer of another service has the name only; the row tells whose answer it is.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lamplighter.base.json_text import dumps
from lamplighter.store.db import Reader, Tx


class Work(NamedTuple):
    """A piece of work that an execution waits for: the columns by which tables name it."""

    execution: int
    frame: int
    number: int


def add(tx: Tx, name: str, work: Work) -> None:
    """Record that answers under this name are for this work."""
    sql = "INSERT OR IGNORE INTO external_names (name, execution, frame, number) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (name, *work))
    if ":task/" in name:
        tx.execute("INSERT OR IGNORE INTO started_tasks (task, execution) VALUES (?, ?)", (name, work.execution))


def executions_of_tasks(reader: Reader, tasks: Sequence[str]) -> dict[str, str]:
    """Return the ARNs of the executions that started ECS tasks and waited for them, by the ARNs of the tasks."""
    sql = (
        "SELECT t.task, e.arn FROM json_each(?) given JOIN started_tasks t ON t.task = given.value "
        "JOIN executions e ON e.id = t.execution"
    )
    return dict(reader.rows(sql, (dumps(list(tasks)),)))


def waiting_executions(reader: Reader, tasks: Sequence[str]) -> list[str]:
    """Return the ARNs of the executions that wait for their turn, for a worker, or for ECS tasks all of which wait."""
    given = "SELECT value FROM json_each(?1)"
    sql = f"""SELECT arn FROM executions WHERE id IN (
        SELECT execution FROM queued_executions UNION SELECT execution FROM activity_tasks
        UNION SELECT execution FROM started_tasks WHERE task IN ({given})
    ) AND NOT EXISTS (SELECT 1 FROM external_names WHERE execution = executions.id AND name NOT IN ({given}))
    """  # noqa: S608 - our own text
    return [arn for (arn,) in reader.rows(sql, (dumps(list(tasks)),))]


def any_exists(reader: Reader) -> bool:
    """Return whether any work waits for an answer."""
    return reader.row("SELECT 1 FROM external_names LIMIT 1") is not None


def work_by_name(reader: Reader, name: str) -> list[Work]:
    """Return the work that waits for answers under this name."""
    sql = "SELECT execution, frame, number FROM external_names WHERE name = ?"
    return [Work(*row) for row in reader.rows(sql, (name,))]


def count_by_machine(reader: Reader, names: Sequence[str]) -> dict[str, int]:
    """Return how many of these external names the executions of each state machine wait for."""
    sql = (
        "SELECT e.machine, count(*) FROM json_each(?) given JOIN external_names x ON x.name = given.value "
        "JOIN executions e ON e.id = x.execution GROUP BY e.machine"
    )
    return dict(reader.rows(sql, (dumps(names),))) if names else {}


def number_of_names(reader: Reader, key: int) -> int:
    """Return the number of names under which an execution waits for answers."""
    return reader.count("SELECT count(*) FROM external_names WHERE execution = ?", (key,))


def names_of_work(reader: Reader, work: Work) -> list[str]:
    """Return the names that a piece of work has at its service."""
    sql = "SELECT name FROM external_names WHERE execution = ? AND frame = ? AND number = ?"
    return [row[0] for row in reader.rows(sql, work)]


def delete(tx: Tx, work: Work) -> None:
    """Delete the names of work that no execution waits for any more."""
    tx.execute("DELETE FROM external_names WHERE execution = ? AND frame = ? AND number = ?", work)
