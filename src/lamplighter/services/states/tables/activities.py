"""Store activities and their queues of tasks that wait for a worker, in the order in which the tasks were scheduled."""

from dataclasses import astuple, dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


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
    execution: int
    frame: int
    number: int
    token: str
    input: str
    """JSON text."""

    @property
    def work(self) -> Work:
        """The piece of work that the worker does."""
        return Work(self.execution, self.frame, self.number)


ACTIVITIES = Table("activities", Activity, json={"encryption": loads, "tags": loads})
TASKS = Table("activity_tasks", WaitingTask)


get = ACTIVITIES.find_by("arn")
"""Return the activity with this ARN, or None."""


def exists(reader: Reader, arn: str) -> bool:
    """Return whether an activity has this ARN."""
    return reader.row("SELECT 1 FROM activities WHERE arn = ?", (arn,)) is not None


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[Activity]:
    """Return activities of an account and region whose names come after `after`, in order of name."""
    where = "account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"
    return ACTIVITIES.select(reader, where, account, region, after, most)


put = ACTIVITIES.insert
"""Store a new activity."""


def tag(tx: Tx, arn: str, tags: dict[str, str]) -> None:
    """Replace the tags of an activity."""
    tx.execute("UPDATE activities SET tags = ? WHERE arn = ?", (dumps(tags), arn))


delete = ACTIVITIES.delete_by("arn")
"""Delete an activity. Its tasks stay, because an activity of the same name may be created again."""


def enqueue(tx: Tx, activity: str, work: Work, token: str, text: str) -> None:
    """Add a task to the activity's queue."""
    TASKS.insert(tx, WaitingTask(0, activity, *work, token, text))


def take(tx: Tx, activity: str) -> WaitingTask | None:
    """Remove the oldest task from the queue and return it, or None if the queue is empty."""
    task = TASKS.find(tx, "activity = ? ORDER BY id LIMIT 1", activity)
    if task is not None:
        tx.execute("DELETE FROM activity_tasks WHERE id = ?", (task.id,))
    return task


def put_back(tx: Tx, task: WaitingTask) -> None:
    """Return a task to its old place in the queue."""
    columns = "id, activity, execution, frame, number, token, input"
    tx.execute(f"INSERT INTO activity_tasks ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(task))  # noqa: S608


def delete_task(tx: Tx, work: Work) -> None:
    """Remove a task that no execution waits for any more."""
    tx.execute("DELETE FROM activity_tasks WHERE execution = ? AND frame = ? AND number = ?", work)
