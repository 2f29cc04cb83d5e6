"""Decide which tasks have room on this machine, and start the tasks that wait for room.

A task reserves its CPU and memory from its start until it has stopped. A task for which there is no room waits in the
status PROVISIONING, as a task does on AWS while a capacity provider looks for an instance. It starts in the transaction
that ends the task whose room it takes.

- Waiting tasks start by priority (the tag `lamplighter:priority` of the task definition or of RunTask, 0 to 9999, the
  higher first), and by age within a priority.
- A task that fits may pass one that does not, as long as older tasks alone keep that one from starting: it could not
  start even if no younger task ran. When they have stopped, nothing passes any more. So a task that needs much room
  does not hold up small ones for the hours of an earlier task, and none waits for ever.
- A task that needs more than the whole machine has starts when no other task runs.
- A task whose definition has the tag `lamplighter:overlap` waits until the previous task of its family has stopped: its
  containers may take a while after their run has ended. It holds up no other task.
- The time of waiting does not count against the timeout of the state that waits for the task. The rows of waiting tasks
  decide, so a restart changes nothing.

See "ASG capacity providers" in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from lamplighter.base.engine_rules import MAX_PRIORITY, OVERLAP_TAG, PRIORITY_TAG
from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.ecs.capacity import (
    NO_LIMITS,
    CapacityLimits,
    Reservation,
    has_room,
    may_be_passed,
    waiting_reason,
)
from lamplighter.services.ecs.errors import InvalidParameter
from lamplighter.services.ecs.logs import awslogs
from lamplighter.services.ecs.logs.awslogs import log_destination
from lamplighter.services.ecs.tables import task_definitions, tasks, waiting_tasks
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tables.waiting_tasks import WaitingTask
from lamplighter.services.ecs.tasks import damaged_task, lifecycle, task_description
from lamplighter.services.ecs.tasks.containers.container_plan import container_name
from lamplighter.services.ecs.tasks.execution_role import agent_caller
from lamplighter.store import outbox, timers
from lamplighter.store.db import DamagedData, Reader, Tx

CONTAINERS_WITH_STREAM = "containersWithStream"
"""The key of an order to run a task with the names of the containers whose log stream exists."""
MAX_EXAMINED = 100
"""The most waiting tasks that one pass examines."""
STATES_SERVICE = "states"
QUEUE_TIMER = ("ecs", "queue")
"""The service and the subject of the timer that looks whether the queue stands (`standing_queue.py`)."""
Limits = Callable[[CapacityLimits], CapacityLimits]
"""A function that returns the limits in force, given those of the job file."""

log = logging.getLogger("lamplighter.ecs")


class Admission:
    """The admission of one engine's tasks to this machine; `limits` returns the limits in force."""

    def __init__(self, bus: Bus, world: World, limits: Limits) -> None:
        self._bus = bus
        self._world = world
        self._limits = limits

    def accept(self, tx: Tx, task: Task, definition: TaskDefinition) -> Task:
        """Store a new task, which starts if it has room; return it with its first status, as RunTask shows it."""
        exclusive = any(each["key"] == OVERLAP_TAG for each in definition.tags)
        task = replace(task, priority=_priority(task, definition), exclusive=exclusive)
        if self._has_room_now(tx, task):
            steps = self._place(tx, task, definition)
            tasks.insert(tx, steps[-1])
        else:
            body = task.body | {"lastStatus": "PROVISIONING"}
            steps = [replace(task, waiting_since=self._world.monotonic(), body=body)]
            tasks.insert(tx, steps[-1])
            if not timers.has_timer(tx, *QUEUE_TIMER):
                due = self._world.monotonic() + waiting_tasks.STANDS_MILLISECONDS
                timers.put(tx, timers.Timer(*QUEUE_TIMER, "", due), steady_clock=True)
            hold = partial(self.hold_timeouts, [task.arn])
            tx.after_commit.append(lambda: self._bus.store.write_in_background(hold))
        for each in steps:
            task_description.publish(self._bus, tx, each, tx.now)
        return steps[0]

    def start_waiting(self, tx: Tx) -> None:
        """Start the waiting tasks for which there is room now."""
        startable = waiting_tasks.first_startable(tx, MAX_EXAMINED)
        if not startable:
            return
        limits, taken, families = self._limits(waiting_tasks.limits(tx)), waiting_tasks.reserved(tx), set[str]()
        for waiting in startable:
            if waiting.exclusive and waiting.family in families:
                continue
            if not has_room(limits, taken, waiting.need):
                if not _may_be_passed(tx, limits, waiting):
                    return
            elif self._start(tx, waiting.arn):
                taken += waiting.need
                families.add(waiting.family)
        if families and len(startable) == MAX_EXAMINED:
            tx.after_commit.append(lambda: self._bus.store.write_in_background(self.start_waiting))

    def place_running_task(self, arn: str, tx: Tx) -> None:
        """Give its room to a waiting task whose containers exist already, whatever room there is."""
        if waiting_tasks.is_waiting(tx, arn):
            self._start(tx, arn)

    def set_limits(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle SetCapacityLimits: {Cpu, Memory, Tasks}: set the limits of the job file, and return those in force.

        Not an AWS operation.
        """
        given = CapacityLimits(params.get("Cpu"), params.get("Memory"), params.get("Tasks"))
        if given != waiting_tasks.limits(tx):
            waiting_tasks.set_limits(tx, given)
            self.start_waiting(tx)
        limits = self._limits(given)
        return {"Cpu": limits.cpu, "Memory": limits.memory, "Tasks": limits.tasks}

    def hold_timeouts(self, arns: Iterable[str], tx: Tx) -> None:
        """Stop the timeouts of the states that wait for these tasks, as far as they still wait for room."""
        for arn in arns:
            if waiting_tasks.is_waiting(tx, arn):
                self._call_states(tx, "HoldTimeouts", {"Task": arn, "First": True})

    def waiting_reason(self, reader: Reader, task: Task) -> str | None:
        """Return why a task waits, as a sentence without a subject; None if it does not wait."""
        if task.waiting_since is None or task.desired == "STOPPED":
            return None
        if task.exclusive and waiting_tasks.has_placed_task(reader, task.family):
            return "waits until the previous task of its family has stopped"
        taken, before = waiting_tasks.reserved(reader), waiting_tasks.number_before(reader, task)
        need = Reservation(task.cpu, task.memory, 1)
        return waiting_reason(self._limits(waiting_tasks.limits(reader)), taken, need, before)

    # --- one task -----------------------------------------------------------------------------------------------------

    def _has_room_now(self, tx: Tx, task: Task) -> bool:
        """Return whether a new task may start at once: it fits, and may pass all tasks that wait for room."""
        if task.exclusive and waiting_tasks.has_placed_task(tx, task.family):
            return False
        limits = self._limits(waiting_tasks.limits(tx))
        ahead = [each for each in waiting_tasks.first_startable(tx, MAX_EXAMINED) if each.priority >= task.priority]
        if limits == NO_LIMITS or len(ahead) == MAX_EXAMINED:
            return not ahead
        need = Reservation(task.cpu, task.memory, 1)
        return has_room(limits, waiting_tasks.reserved(tx), need) and all(
            _may_be_passed(tx, limits, each) for each in ahead
        )

    def _place(self, tx: Tx, task: Task, definition: TaskDefinition) -> list[Task]:
        """Order the run of a task that has its room; return its statuses up to PENDING, the last one to be stored."""
        with_stream = _create_log_streams(self._bus, tx, task, definition)
        order = outbox.put(tx, "ecs", task.arn, {"do": "run", CONTAINERS_WITH_STREAM: with_stream})
        placed = replace(task, run_order=order, waiting_since=None)
        if placed.status != "PROVISIONING":
            return [placed]
        return [placed, lifecycle.next_status(placed, "PENDING", tx.now)]

    def _start(self, tx: Tx, arn: str) -> bool:
        """Start a waiting task; return False if it ends instead, because its row is damaged."""
        try:
            task = tasks.get(tx, arn)
            definition = task_definitions.by_arn(tx, task.body["taskDefinitionArn"]) if task else None
        except DamagedData as error:
            log.error("%s; the task is stopped", error)
            damaged_task.end_damaged_task(self._bus, arn, str(error), tx)
            return False
        if task is None or definition is None or task.waiting_since is None:
            raise Bug(f"the task {arn} does not wait")
        waited = self._world.monotonic() - task.waiting_since
        lifecycle.save_and_publish(self._bus, tx, self._place(tx, task, definition)[-1], tx.now)
        self._call_states(tx, "ReleaseTimeouts", {"Task": arn, "Push": waited, "First": True})
        return True

    def _call_states(self, tx: Tx, operation: str, params: Json) -> None:
        """Call an operation of Step Functions, if this engine has Step Functions."""
        if self._bus.serves(STATES_SERVICE, operation):
            self._bus.invoke(tx, caller_of(params["Task"]), STATES_SERVICE, operation, params)


def _may_be_passed(reader: Reader, limits: CapacityLimits, waiting: WaitingTask) -> bool:
    return may_be_passed(limits, waiting_tasks.reserved(reader, before=waiting.id), waiting.need)


def _priority(task: Task, definition: TaskDefinition) -> int:
    """Return a task's priority: its own tag, or that of its definition; raises InvalidParameter for other values."""
    given = [each["value"] for each in (*definition.tags, *task.tags) if each["key"] == PRIORITY_TAG]
    if not given:
        return 0
    text = given[-1]
    if not (text.isascii() and text.isdecimal() and int(text) <= MAX_PRIORITY):
        raise InvalidParameter(f"The tag {PRIORITY_TAG} must be a whole number from 0 to {MAX_PRIORITY}.")
    return int(text)


def _create_log_streams(bus: Bus, tx: Tx, task: Task, definition: TaskDefinition) -> list[str]:
    """Create the log streams of the containers that start first, so that no start waits for another commit.

    Return the names of the containers whose stream exists. The supervisor creates the other streams, and all of them as
    long as the service of the logs is not loaded; if it cannot, the container must not start.
    """
    if not bus.can_invoke(awslogs.SERVICE, "CreateLogStream"):
        return []
    agent = agent_caller(bus, task, definition.body)
    destinations = {
        each["name"]: log_destination(task, agent, each, container_name(task.name, each["name"]))
        for each in definition.body["containerDefinitions"]
        if not each.get("dependsOn")
    }
    return [
        name
        for name, destination in destinations.items()
        if destination is not None and awslogs.create_stream(bus, tx, destination) is None
    ]
