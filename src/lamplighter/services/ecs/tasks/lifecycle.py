"""The life of a task, as a table.

    PROVISIONING -> PENDING -> (ACTIVATING) -> RUNNING -> (DEACTIVATING) -> (STOPPING) -> DEPROVISIONING -> STOPPED

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html. Each step raises the
task's version by one and is told as an event, so that an awsvpc task that succeeds ends with version 5, and one whose
image cannot be pulled with version 4, as recorded from AWS. A task without a network interface of its own has nothing
to provision: it begins PENDING and ends without DEPROVISIONING. Steps that happen at once share a transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import task_description
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One status of a task."""

    next: tuple[str, ...]
    """What may follow."""
    enter: Callable[[Json, int], Json] = lambda _body, _now: {}
    """What changes in the task as it enters, and when it did."""


STATUSES: Mapping[str, TaskStatus] = {
    # "Amazon ECS has to perform additional steps before the task is launched": the network interface of awsvpc.
    "PROVISIONING": TaskStatus(("PENDING", "DEPROVISIONING")),
    # "Amazon ECS is waiting on the container agent to take further action."
    "PENDING": TaskStatus(
        ("ACTIVATING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"), task_description.with_attachment
    ),
    # Load balancers and service discovery: no task here has any.
    "ACTIVATING": TaskStatus(("RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED")),
    "RUNNING": TaskStatus(
        ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"), task_description.with_connectivity
    ),
    "DEACTIVATING": TaskStatus(("STOPPING", "DEPROVISIONING", "STOPPED")),
    # "The agent sends the stop signal": passed only where a container has to be stopped.
    "STOPPING": TaskStatus(("DEPROVISIONING", "STOPPED")),
    # The network interface is detached and deleted.
    "DEPROVISIONING": TaskStatus(("STOPPED",)),
    "STOPPED": TaskStatus((), task_description.with_stop),
}


def first_status(body: Json) -> str:
    """The status that a task begins with."""
    return "PROVISIONING" if body["attachments"] else "PENDING"


def next_status(task: Task, status: str, now: int) -> Task:
    """The task in its next status; nothing is kept yet."""
    if status not in STATUSES[task.status].next:
        raise Bug(f"a task that is {task.status} cannot become {status}")
    return with_changes(task, STATUSES[status].enter(task.body, now) | {"lastStatus": status})


def with_changes(task: Task, changes: Json) -> Task:
    """The task with changes that are worth an event."""
    return replace(task, body=task.body | changes | {"version": task.body["version"] + 1})


def statuses_to_stopped(task: Task) -> tuple[str, ...]:
    """The steps from where the task is to STOPPED, once all of its containers have."""
    return ("DEPROVISIONING", "STOPPED") if task.body["attachments"] else ("STOPPED",)


def save_and_publish(bus: Bus, tx: Tx, task: Task, now: int) -> None:
    """Keep a task that was stepped or touched, and tell of it."""
    tasks.update(tx, task)
    task_description.publish(bus, tx, task, now)
