"""HoldTimeouts, ReleaseTimeouts: the timeout of the states that wait for a task stands still, and goes on.

On the bus only; the wire, which goes by AWS's models, does not know them. ECS holds the timeouts of a task while the
runtime of containers does not answer: that is not the job's time. The limit of a whole execution is not held.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.tables import frames
from lamplighter.store import timers
from lamplighter.store.db import Tx


class HeldTimeouts:
    """Holds timeouts."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def hold(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """HoldTimeouts: {Task}: of a task, by its ARN; harmless where they are held."""
        for subject, name in self._timers(tx, params["Task"]):
            timers.hold(tx, SERVICE, subject, name)
        return {}

    def release(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """ReleaseTimeouts: {Task, Push}: each is due by `Push` milliseconds later than it was."""
        for subject, name in self._timers(tx, params["Task"]):
            timers.release(tx, SERVICE, subject, name, params["Push"])
        return {}

    def _timers(self, tx: Tx, task: str) -> Iterator[tuple[str, str]]:
        for work in frames.work_of_name(tx, task):
            if self._driver.waits_for(tx, work):
                execution, _ = self._driver.state_of(tx, work.execution)
                yield str(work.execution), f"{work.frame}.{execution.frames[work.frame].timeout}"
