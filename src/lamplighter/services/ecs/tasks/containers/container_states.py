"""Model the containers of one task, and derive the task's next steps from their state.

The functions are pure: they do not wait for anything and do not store anything. For AWS's words see
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_reasons import ESSENTIAL_CONTAINER_EXITED
from lamplighter.runtime.port import ContainerExit, Health, StartedContainer
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import lifecycle, task_health
from lamplighter.services.ecs.tasks.containers.container_network import network_bindings
from lamplighter.services.ecs.tasks.containers.container_plan import PlannedContainer

CONTAINER_ERRORS = ("CannotStartContainerError", "CannotCreateContainerError", "CannotPullContainerError")
"""The beginnings of errors that stop one container; its task continues without it, unless it is essential."""


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
    log_failed: bool = False
    """True if its log could not be opened; an earlier engine may nevertheless have started the container."""
    health: Health = "UNKNOWN"
    recorded_health: Health = "UNKNOWN"
    """The health on disk."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the container runs or has run."""
    healthy: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the container has ended and is not restarted, or can never start."""
    run_ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the present run has ended and it is decided whether there is another one; each run has its own."""
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

    @property
    def is_settled(self) -> bool:
        """True if the container has started, or if its task runs without it."""
        return self.started.is_set() or (self.failure is not None and not self.stops_task)

    @property
    def stops_task(self) -> bool:
        """True if the container can never start and its task stops for that reason.

        "If essential containers don't have terminal dependency errors, then the task is allowed to start."
        """
        return self.failure is not None and (self.plan.essential or not self.failure.startswith(CONTAINER_ERRORS))

    def end(self) -> None:
        """Note that the container has ended for good."""
        self.ended.set()
        self.run_ended.set()

    def fail(self, reason: str) -> None:
        """Note that the container can never start."""
        self.failure = reason
        self.end()

    def begin_run(self, start: StartedContainer) -> None:
        """Note that the container runs again."""
        self.start, self.exit = start, None
        self.set_health("UNKNOWN")
        self.run_ended.set()
        self.run_ended = asyncio.Event()

    def set_health(self, health: Health) -> None:
        """Note the health that the checks have found."""
        self.health = health
        if health == "HEALTHY":
            self.healthy.set()
        else:
            self.healthy.clear()


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The stop code and the reason for a task's end, in ECS's words."""

    code: str
    reason: str


def load_containers(plans: Sequence[PlannedContainer], task: Task) -> tuple[ContainerState, ...]:
    """Return the containers of a task in the state that is recorded on disk."""
    return tuple(_load_state(plan, container) for plan, container in zip(plans, task.body["containers"], strict=True))


def _load_state(plan: PlannedContainer, container: Json) -> ContainerState:
    state = ContainerState(plan, container["lastStatus"])
    state.set_health(container.get("healthStatus", "UNKNOWN"))
    state.recorded_health = state.health
    if state.recorded != "PENDING":
        state.started.set()
    if state.recorded == "STOPPED":
        state.exit = ContainerExit(container.get("exitCode"), 0, container.get("reason"))
        state.end()
    return state


def first_start(states: Sequence[ContainerState]) -> int | None:
    """Return when the first container started, in milliseconds since the epoch; None if this engine started none."""
    return min((state.start.started_at for state in states if state.start is not None), default=None)


def essential_ended(states: Sequence[ContainerState]) -> bool:
    """Return whether an essential container has ended, after which no other one starts."""
    return any(state.plan.essential and state.ended.is_set() for state in states)


def task_end(states: Sequence[ContainerState]) -> TaskEnd | None:
    """Return why the task must end without an order to stop, or None if it continues."""
    for state in states:
        if state.failure is not None and state.stops_task:
            return TaskEnd("TaskFailedToStart", state.failure)
    if essential_ended(states):
        return TaskEnd("EssentialContainerExited", ESSENTIAL_CONTAINER_EXITED)
    return None


def has_changes(task_status: str, states: Sequence[ContainerState]) -> bool:
    """Return whether there is a change to record that does not end the task."""
    if task_status == "PENDING":
        return all(state.is_settled for state in states)
    return any(state.ended.is_set() and state.recorded != "STOPPED" for state in states)


def with_progress(task: Task, states: Sequence[ContainerState], now: int) -> Task:
    """Return the task with the progress of its containers; it is RUNNING once all of them have started."""
    changes = _observed_changes(task, states)
    if task.status != "PENDING" or not all(state.is_settled for state in states):
        return lifecycle.with_changes(task, changes)
    started_at = max((state.start.started_at for state in states if state.start), default=now)
    running = lifecycle.next_status(task, "RUNNING", now)
    return replace(running, body=running.body | changes | {"startedAt": started_at}, run_order=None)


def steps_to_stopping(task: Task, states: Sequence[ContainerState], ending: TaskEnd, now: int) -> list[Task]:
    """Return the steps until the task is STOPPING; none if it is already."""
    if task.status == "STOPPING":
        return []
    steps = _unrecorded_start(task, states, now)
    stepped = lifecycle.next_status([task, *steps][-1], "STOPPING", now)
    return [*steps, replace(stepped, body=stepped.body | _stop_changes(stepped, ending, now))]


def steps_to_stopped(task: Task, states: Sequence[ContainerState], ending: TaskEnd, now: int) -> list[Task]:
    """Return the remaining steps until the task is STOPPED; its containers have exited or never started."""
    steps = _unrecorded_start(task, states, now)
    task = [task, *steps][-1]
    stopped_at = max((state.exit.finished_at for state in states if state.exit), default=0) or now
    final_changes = (
        _stop_changes(task, ending, now) | _observed_changes(task, states) | {"executionStoppedAt": stopped_at}
    )
    final_changes["containers"] = [container | {"lastStatus": "STOPPED"} for container in final_changes["containers"]]
    task = replace(task, body=task.body | final_changes)
    for status in lifecycle.statuses_to_stopped(task):
        task = lifecycle.next_status(task, status, now)
        steps.append(task)
    steps[-1] = replace(task, run_order=None, stop_order=None, waiting_since=None)
    return steps


def _unrecorded_start(task: Task, states: Sequence[ContainerState], now: int) -> list[Task]:
    """Return the steps to PENDING and RUNNING that the containers have made and that are not recorded yet.

    A task that waits for room has containers only in a database that was restored from a backup.
    """
    steps = list[Task]()
    if task.status == "PROVISIONING" and any(state.started.is_set() for state in states):
        steps.append(lifecycle.next_status(task, "PENDING", now))
    last = [task, *steps][-1]
    if last.status == "PENDING" and all(state.is_settled for state in states):
        steps.append(with_progress(last, states, now))
    return steps


def _stop_changes(task: Task, ending: TaskEnd, now: int) -> Json:
    """Return the changes that record why the task ends; an earlier recorded reason stays."""
    decided = {"stopCode": ending.code, "stoppedReason": ending.reason, "stoppingAt": now}
    return {"desiredStatus": "STOPPED"} | {key: task.body.get(key, value) for key, value in decided.items()}


def _observed_changes(task: Task, states: Sequence[ContainerState]) -> Json:
    pairs = zip(task.body["containers"], states, strict=True)
    containers = [_container(task, container, state) for container, state in pairs]
    return {"containers": containers, **_pull_times(states), **health_changes(containers, states)}


def has_health_changes(states: Sequence[ContainerState]) -> bool:
    """Return whether the health of a container is not recorded yet."""
    return any(state.health != state.recorded_health for state in states)


def health_changes(containers: Json, states: Sequence[ContainerState]) -> Json:
    """Return the members of a task that show its health; none if no container has a health check."""
    if all(state.plan.container.health_check is None for state in states):
        return {}
    essential = [state.plan.essential for state in states]
    return task_health.health_changes(containers, [state.health for state in states], essential)


def _container(task: Task, container: Json, state: ContainerState) -> Json:
    if state.recorded == "STOPPED":
        return container
    changes: Json = {}
    if state.start is not None:
        changes = {"lastStatus": "RUNNING", "runtimeId": state.start.runtime_id}
        changes |= {"networkBindings": network_bindings(state.start.ports or state.plan.own_ports)}
        if state.start.image_digest:
            changes["imageDigest"] = state.start.image_digest
    if state.exit is not None:
        changes |= {"lastStatus": "STOPPED"}
        changes |= {} if state.exit.code is None else {"exitCode": state.exit.code}
        changes |= {} if state.exit.reason is None else {"reason": state.exit.reason}
    if state.failure is not None:
        changes["lastStatus"] = "STOPPED"
        changes |= _failure_changes(task, container, state.failure)
    return container | changes


def _failure_changes(task: Task, container: Json, failure: str) -> Json:
    """Return the members of a container that never started; if Fargate cannot pull the image, they have no reason."""
    if failure.startswith("CannotPullContainerError") and task.launch_type == "FARGATE":
        return {"runtimeId": f"{task.name}-{zlib.crc32(container['name'].encode())}"}
    return {"reason": failure}


def _pull_times(states: Sequence[ContainerState]) -> Json:
    """Return when images were pulled; an image that was already present took no time."""
    starts = [state.start for state in states if state.start and state.plan.container.image]
    if not starts:
        return {}
    return {
        "pullStartedAt": min(start.pull_started_at or start.started_at for start in starts),
        "pullStoppedAt": max(start.pull_stopped_at or start.started_at for start in starts),
    }
