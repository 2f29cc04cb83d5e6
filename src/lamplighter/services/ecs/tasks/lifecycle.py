"""Define the lifecycle of a task as a table of statuses.

    PROVISIONING -> PENDING -> (ACTIVATING) -> RUNNING -> (DEACTIVATING) -> (STOPPING) -> DEPROVISIONING -> STOPPED

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html. Each step raises the
task's version by one and publishes an event. So an awsvpc task that succeeds ends with version 5, and one whose image
cannot be pulled with version 4, as recorded from AWS. A task without its own network interface has nothing to
provision: it begins PENDING and ends without DEPROVISIONING. Steps that happen together share a transaction.
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
    enter: Callable[[Json, int], Json] = lambda _body, _now: {}
    """A function that returns the changes of a task's body when the task enters the status at a given time."""


STATUSES: Mapping[str, TaskStatus] = {
    # "Amazon ECS has to perform additional steps before the task is launched": the network interface of awsvpc.
    # Here also: there is no room for the task yet.
    "PROVISIONING": TaskStatus(("PENDING", "DEPROVISIONING", "STOPPED")),
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
    # "The agent sends the stop signal": only if a container has to be stopped.
    "STOPPING": TaskStatus(("DEPROVISIONING", "STOPPED")),
    # The network interface is detached and deleted.
    "DEPROVISIONING": TaskStatus(("STOPPED",)),
    "STOPPED": TaskStatus((), task_description.with_stop),
}


def first_status(body: Json) -> str:
    """Return the status with which a task begins."""
    return "PROVISIONING" if body["attachments"] else "PENDING"


def next_status(task: Task, status: str, now: int) -> Task:
    """Return the task in its next status, without storing it; raises Bug if the status must not follow."""
    if status not in STATUSES[task.status].next:
        raise Bug(f"a task that is {task.status} cannot become {status}")
    return with_changes(task, STATUSES[status].enter(task.body, now) | {"lastStatus": status})


def with_changes(task: Task, changes: Json) -> Task:
    """Return the task with changes and a new version; every version is published."""
    return replace(task, body=task.body | changes | {"version": task.body["version"] + 1})


def statuses_to_stopped(task: Task) -> tuple[str, ...]:
    """Return the remaining statuses up to STOPPED, for a task whose containers have all stopped."""
    return ("DEPROVISIONING", "STOPPED") if task.body["attachments"] else ("STOPPED",)


def save_and_publish(bus: Bus, tx: Tx, task: Task, now: int) -> None:
    """Store a changed task and publish its event."""
    tasks.update(tx, task)
    task_description.publish(bus, tx, task, now)
