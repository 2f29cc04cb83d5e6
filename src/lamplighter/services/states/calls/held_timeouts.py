"""Implement HoldTimeouts and ReleaseTimeouts: stop and restart the timeouts of the states that wait for a task.

These operations exist on the bus only; AWS's models do not have them. ECS holds a task's timeouts while the container
runtime does not answer, because that time does not count as the job's. The timeout of the whole execution is not held.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.executions.pending_work import PendingWork
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.tables import frames
from lamplighter.store import timers
from lamplighter.store.db import Tx


class HeldTimeouts:
    """The operations that hold and release timeouts."""

    def __init__(self, pending_work: PendingWork) -> None:
        self._pending_work = pending_work

    def hold(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle HoldTimeouts: {Task}: hold the timeouts of a task, given by its ARN."""
        for subject, name in self._timers(tx, params["Task"]):
            timers.hold(tx, SERVICE, subject, name)
        return {}

    def release(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """Handle ReleaseTimeouts: {Task, Push}: release a task's timeouts; each is due `Push` milliseconds later."""
        for subject, name in self._timers(tx, params["Task"]):
            timers.release(tx, SERVICE, subject, name, params["Push"])
        return {}

    def _timers(self, tx: Tx, task: str) -> Iterator[tuple[str, str]]:
        for work in frames.work_by_external_name(tx, task):
            if self._pending_work.waits_for(tx, work):
                execution = self._pending_work.running(tx, work.execution).execution
                yield str(work.execution), f"{work.frame}.{execution.frames[work.frame].timeout}"
