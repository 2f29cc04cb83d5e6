"""Implement HoldTimeouts and ReleaseTimeouts: stop and restart the timeouts of the states that wait for a task.

These operations exist on the bus only; AWS's models do not have them. ECS holds a task's timeouts while the container
runtime does not answer, and while the task waits for room on the machine, because that time does not count as the
job's. The deadline of the whole execution is held only for its first task that waits for room (`First`).
"""

from collections.abc import Iterator

from lamplighter.asl.execution.frame import Execution
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.steps import deadline
from lamplighter.services.states.steps.pending_work import PendingWork
from lamplighter.services.states.tables import external_names, history
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store import timers
from lamplighter.store.db import Tx


class HeldTimeouts:
    """The operations that hold and release timeouts."""

    def __init__(self, pending_work: PendingWork) -> None:
        self._pending_work = pending_work

    def hold(self, tx: Tx, _caller: Caller, params: Json) -> None:
        """Handle HoldTimeouts: {Task, First}: hold the timeouts of a task, given by its ARN.

        With `First`, hold also the deadline of an execution of which no task has ended yet.
        """
        for work, execution in self._waiting_work(tx, params["Task"]):
            timers.hold(tx, SERVICE, str(work.execution), _timeout(work, execution))
            if params.get("First") and _has_first_task(tx, work.execution):
                deadline.hold(tx, work.execution, execution)

    def release(self, tx: Tx, _caller: Caller, params: Json) -> None:
        """Handle ReleaseTimeouts: {Task, Push, First}: release a task's timeouts; each is due `Push` ms later."""
        for work, execution in self._waiting_work(tx, params["Task"]):
            timers.release(tx, SERVICE, str(work.execution), _timeout(work, execution), params["Push"])
            if params.get("First"):
                deadline.release(tx, work.execution, execution, params["Push"])

    def _waiting_work(self, tx: Tx, task: str) -> Iterator[tuple[Work, Execution]]:
        for work in external_names.work_by_name(tx, task):
            if self._pending_work.waits_for(tx, work):
                yield work, self._pending_work.running(tx, work.execution).execution


def _timeout(work: Work, execution: Execution) -> str:
    """Return the name of the timer of the timeout of the state that waits for the work."""
    return f"{work.frame}.{execution.frames[work.frame].timeout}"


def _has_first_task(tx: Tx, key: int) -> bool:
    """Return whether no task of an execution has ended yet: all that it submitted are still to be answered."""
    pending = external_names.number_of_names(tx, key)
    return history.number_of_submitted_tasks(tx, key, pending + 1) <= pending
