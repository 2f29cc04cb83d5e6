"""Store activities and their queues of tasks that wait for a worker, in the order in which the tasks were scheduled."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.states.tables.frames import Work
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "arn, account, region, name, created, encryption, tags"
TASK_COLUMNS = "id, activity, execution, frame, number, token, input"


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity, from which workers poll tasks."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch."""
    encryption: Json
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that no worker has received yet."""

    id: int
    activity: str
    work: Work
    token: str
    input: str
    """JSON text."""


def _activity(row: Row) -> Activity:
    arn, account, region, name, created, encryption, tags = row
    return Activity(arn, account, region, name, created, loads(encryption), loads(tags))


def get(reader: Reader, arn: str) -> Activity | None:
    """Return the activity with this ARN, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM activities WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _activity(row) if row else None


def exists(reader: Reader, arn: str) -> bool:
    """Return whether an activity has this ARN."""
    return reader.row("SELECT 1 FROM activities WHERE arn = ?", (arn,)) is not None


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[Activity]:
    """Return activities of an account and region whose names come after `after`, in order of name."""
    sql = f"SELECT {COLUMNS} FROM activities WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"  # noqa: S608
    return [_activity(row) for row in reader.rows(sql, (account, region, after, most))]


def put(tx: Tx, activity: Activity) -> None:
    """Store a new activity."""
    values = (activity.arn, activity.account, activity.region, activity.name, activity.created)
    tx.execute(
        f"INSERT INTO activities ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*values, dumps(activity.encryption), dumps(activity.tags)),
    )


def tag(tx: Tx, arn: str, tags: dict[str, str]) -> None:
    """Replace the tags of an activity."""
    tx.execute("UPDATE activities SET tags = ? WHERE arn = ?", (dumps(tags), arn))


def delete(tx: Tx, arn: str) -> None:
    """Delete an activity. Its tasks stay, because an activity of the same name may be created again."""
    tx.execute("DELETE FROM activities WHERE arn = ?", (arn,))


def enqueue(tx: Tx, activity: str, work: Work, token: str, text: str) -> None:
    """Add a task to the activity's queue."""
    tx.execute(
        "INSERT INTO activity_tasks (activity, execution, frame, number, token, input) VALUES (?, ?, ?, ?, ?, ?)",
        (activity, work.execution, work.frame, work.number, token, text),
    )


def take(tx: Tx, activity: str) -> WaitingTask | None:
    """Remove the oldest task from the queue and return it, or None if the queue is empty."""
    row = tx.row(f"SELECT {TASK_COLUMNS} FROM activity_tasks WHERE activity = ? ORDER BY id LIMIT 1", (activity,))  # noqa: S608
    if row is None:
        return None
    key, _, *work, token, text = row
    tx.execute("DELETE FROM activity_tasks WHERE id = ?", (key,))
    return WaitingTask(key, activity, Work(*work), token, text)


def put_back(tx: Tx, task: WaitingTask) -> None:
    """Return a task to its old place in the queue."""
    work = task.work
    tx.execute(
        f"INSERT INTO activity_tasks ({TASK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (task.id, task.activity, work.execution, work.frame, work.number, task.token, task.input),
    )


def delete_task(tx: Tx, work: Work) -> None:
    """Remove a task that no execution waits for any more."""
    tx.execute(
        "DELETE FROM activity_tasks WHERE execution = ? AND frame = ? AND number = ?",
        (work.execution, work.frame, work.number),
    )
