"""Decide whether the start of a task is called off: its stop was ordered, or its state machine was deleted.

On AWS a task of a deleted state machine still starts, because it does not wait for long. Here it may wait for hours:
for the container runtime, for room, or for an engine. So a late start looks whether its state machine still exists.
"""

from functools import partial

from lamplighter.base.aws.arn import sibling
from lamplighter.base.errors import AwsError
from lamplighter.bus import Bus, caller_of
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.ecs.tasks.admission import STATES_SERVICE
from lamplighter.services.ecs.tasks.operations import order_stop
from lamplighter.store.db import Reader, Tx

LATE_MILLISECONDS = 5_000
"""The milliseconds after RunTask from which on a start is late; others need no further look."""
DELETED = "The state machine that started this task was deleted"


def is_called_off(bus: Bus, arn: str, waited: int) -> bool:
    """Return whether a task must not start; `waited`: the milliseconds since RunTask."""
    reader = bus.store.reader
    if tasks.statuses(reader, arn)[1] == "STOPPED":
        return True
    return waited > LATE_MILLISECONDS and _is_machine_deleted(bus, reader, arn)


def _is_machine_deleted(bus: Bus, reader: Reader, arn: str) -> bool:
    if not bus.can_invoke(STATES_SERVICE, "FindTaskRuns"):
        return False
    read, caller = partial(bus.read, reader), caller_of(arn)
    execution = read(caller, STATES_SERVICE, "FindTaskRuns", {"Tasks": [arn]})["Executions"].get(arn)
    if execution is None:
        return False
    name = execution.split(":")[6].partition("/")[0]  # a child of a Map Run has the name of the Map Run behind it
    machine = sibling(execution, f"stateMachine:{name}")
    try:
        found = read(caller, STATES_SERVICE, "DescribeStateMachine", {"stateMachineArn": machine})
    except AwsError:
        return True
    return bool(found["status"] == "DELETING")


def stop_deleted(bus: Bus, arn: str, tx: Tx) -> None:
    """Order the stop of a task whose start was called off because its state machine was deleted."""
    task = tasks.get(tx, arn)
    if task is not None and task.desired != "STOPPED":
        order_stop(bus, tx, task, DELETED)
