"""Model the containers of one task, and derive the task's next steps from their state.

The functions are pure: they do not wait for anything and do not store anything. For AWS's words see
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerExit, StartedContainer
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import lifecycle
from lamplighter.services.ecs.tasks.container_plan import PlannedContainer

ESSENTIAL_EXITED = "Essential container in task exited"


@dataclass(slots=True)
class ContainerState:
    """The present state of one container."""

    plan: PlannedContainer
    recorded: str
    """The container's status on disk: PENDING, RUNNING or STOPPED."""
    start: StartedContainer | None = None
    exit: ContainerExit | None = None
    failure: str | None = None
    """The reason why the container can never start, in ECS's words."""
    unlogged: bool = False
    """True if its log could not be opened; an earlier engine may nevertheless have started the container."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the container runs or has run."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    copying: asyncio.Task[None] | None = None
    """The asyncio task that copies its output, started when the container runs."""

    @property
    def name(self) -> str:
        """The container's name in the runtime."""
        return self.plan.container.name

    @property
    def is_running(self) -> bool:
        """True if the container was started and is not known to have ended."""
        return self.started.is_set() and not self.ended.is_set()


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The stop code and the reason for a task's end, in ECS's words."""

    code: str
    reason: str


def load_containers(plans: Sequence[PlannedContainer], task: Task) -> tuple[ContainerState, ...]:
    """Return the containers of a task in the state that is recorded on disk."""
    return tuple(_member(plan, container) for plan, container in zip(plans, task.body["containers"], strict=True))


def _member(plan: PlannedContainer, container: Json) -> ContainerState:
    member = ContainerState(plan, container["lastStatus"])
    if member.recorded != "PENDING":
        member.started.set()
    if member.recorded == "STOPPED":
        member.exit = ContainerExit(container.get("exitCode"), 0, container.get("reason"))
        member.ended.set()
    return member


def task_end(members: Sequence[ContainerState]) -> TaskEnd | None:
    """Return why the task must end without an order to stop, or None if it continues."""
    for member in members:
        if member.failure is not None:
            return TaskEnd("TaskFailedToStart", member.failure)
    if any(member.plan.essential and member.ended.is_set() for member in members):
        return TaskEnd("EssentialContainerExited", ESSENTIAL_EXITED)
    return None


def has_news(task_status: str, members: Sequence[ContainerState]) -> bool:
    """Return whether there is a change to record that does not end the task."""
    if task_status == "PENDING":
        return all(member.started.is_set() for member in members)
    return any(member.ended.is_set() and member.recorded != "STOPPED" for member in members)


def with_progress(task: Task, members: Sequence[ContainerState], now: int) -> Task:
    """Return the task with the progress of its containers; it is RUNNING once all of them have started."""
    seen = _seen(task, members)
    if task.status != "PENDING" or not all(member.started.is_set() for member in members):
        return lifecycle.with_changes(task, seen)
    begun = max((member.start.started_at for member in members if member.start), default=now)
    running = lifecycle.next_status(task, "RUNNING", now)
    return replace(running, body=running.body | seen | {"startedAt": begun}, run_order=None)


def steps_to_stopping(task: Task, members: Sequence[ContainerState], ending: TaskEnd, now: int) -> list[Task]:
    """Return the steps until the task is STOPPING; none if it is already."""
    if task.status == "STOPPING":
        return []
    steps = _caught_up(task, members, now)
    stepped = lifecycle.next_status([task, *steps][-1], "STOPPING", now)
    return [*steps, replace(stepped, body=stepped.body | _decided(stepped, ending, now))]


def steps_to_stopped(task: Task, members: Sequence[ContainerState], ending: TaskEnd, now: int) -> list[Task]:
    """Return the remaining steps until the task is STOPPED; its containers have exited or never started."""
    steps = _caught_up(task, members, now)
    task = [task, *steps][-1]
    over = max((member.exit.finished_at for member in members if member.exit), default=0) or now
    last = _decided(task, ending, now) | _seen(task, members) | {"executionStoppedAt": over}
    last["containers"] = [container | {"lastStatus": "STOPPED"} for container in last["containers"]]
    task = replace(task, body=task.body | last)
    for status in lifecycle.statuses_to_stopped(task):
        task = lifecycle.next_status(task, status, now)
        steps.append(task)
    steps[-1] = replace(task, run_order=None, stop_order=None)
    return steps


def _caught_up(task: Task, members: Sequence[ContainerState], now: int) -> list[Task]:
    """Return the step to RUNNING if all containers have started and this is not recorded yet."""
    runs = task.status == "PENDING" and all(member.started.is_set() for member in members)
    return [with_progress(task, members, now)] if runs else []


def _decided(task: Task, ending: TaskEnd, now: int) -> Json:
    """Return the changes that record why the task ends; an earlier recorded reason stays."""
    decided = {"stopCode": ending.code, "stoppedReason": ending.reason, "stoppingAt": now}
    return {"desiredStatus": "STOPPED"} | {key: task.body.get(key, value) for key, value in decided.items()}


def _seen(task: Task, members: Sequence[ContainerState]) -> Json:
    pairs = zip(task.body["containers"], members, strict=True)
    return {"containers": [_container(task, container, member) for container, member in pairs], **_pulled(members)}


def _container(task: Task, container: Json, member: ContainerState) -> Json:
    if member.recorded == "STOPPED":
        return container
    changes: Json = {}
    if member.start is not None:
        changes = {"lastStatus": "RUNNING", "runtimeId": member.start.runtime_id}
        if member.start.image_digest:
            changes["imageDigest"] = member.start.image_digest
    if member.exit is not None:
        changes |= {"lastStatus": "STOPPED"}
        changes |= {} if member.exit.code is None else {"exitCode": member.exit.code}
        changes |= {} if member.exit.reason is None else {"reason": member.exit.reason}
    if member.failure is not None:
        changes["lastStatus"] = "STOPPED"
        changes |= _failed(task, container, member.failure)
    return container | changes


def _failed(task: Task, container: Json, failure: str) -> Json:
    """Return the members of a container that never started.

    If Fargate cannot pull the image, the container has an id nevertheless, and only the task has the reason.
    """
    if failure.startswith("CannotPullContainerError") and task.launch_type == "FARGATE":
        return {"runtimeId": f"{task.name}-{zlib.crc32(container['name'].encode())}"}
    return {"reason": failure}


def _pulled(members: Sequence[ContainerState]) -> Json:
    """Return when images were pulled; an image that was already present took no time."""
    starts = [member.start for member in members if member.start and member.plan.container.image]
    if not starts:
        return {}
    return {
        "pullStartedAt": min(start.pull_started_at or start.started_at for start in starts),
        "pullStoppedAt": max(start.pull_stopped_at or start.started_at for start in starts),
    }
