"""Detect outages of the container runtime, hold the timeouts of the tasks that need it, and send alerts.

Guarantees that an outage does not count against the `TimeoutSeconds` of a state that waits for a task. If no container
of the task had started, the timeout is extended by the time that the task waited. The transaction that records the
first start does that, so that the end of a short container cannot come before. If a container had started, it continued
to run; its timeout is only suspended until the runtime can report whether the container ended in time. What is held
for ten seconds after that is released: a start that takes long has a timeout, too. Held timeouts are on disk, so a
restart changes nothing. A start that fails holds the timeout at once, before the next check. The channels of the jobs
that wait are alerted once after a minute, and once more when the runtime answers again. The runtime is checked only
while there are tasks. A task without an image is a plain process, which needs no runtime.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, caller_of
from lamplighter.runtime.port import Runtime, RuntimeUnavailable
from lamplighter.services.ecs.tables import outages, task_definitions, tasks
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks.runtime_retry import Pause
from lamplighter.store.db import DamagedData, Reader, Tx

CHECK_SECONDS = 5.0
ALERT_AFTER_MILLISECONDS = 60_000
"""Milliseconds before an alert is sent: a restart of Docker takes less."""
SETTLED_MILLISECONDS = 10_000
"""Milliseconds after which all that waited for the runtime has asked it again: the pauses last 5 s at most."""
ALERTS_SERVICE, STATES_SERVICE = "alerts", "states"

log = logging.getLogger("lamplighter.ecs")


@dataclass(slots=True)
class OutageWatch:
    """A monitor that alerts if the container runtime does not answer while tasks need it.

    `supervised` returns the ARNs of the tasks that have a supervisor and may have a container with an image.
    """

    _bus: Bus
    _world: World
    _runtime: Runtime
    _pause: Pause
    _supervised: Callable[[], Iterable[str]]
    _answers_since: int | None = None
    """Since when each check was answered, by the steady clock; None after a check or a start that was not."""

    async def watch(self) -> None:
        """Check the runtime repeatedly, until no task needs it and no timeout is held.

        The first check waits: a task whose start fails is a reason to check at once, and plain processes need no check.
        """
        while True:
            await self._pause(CHECK_SECONDS)
            if not any(self._tasks_needing_runtime()) and not self._is_recorded():
                return
            await self.check()

    async def check(self) -> None:
        """Check the runtime once, and record what has changed."""
        reason = await self._unavailable_reason()
        if reason is not None:
            self._answers_since = None
            await self._bus.store.write_with_retry(partial(self._record_outage, reason))
            return
        if self._answers_since is None:
            self._answers_since = self._world.monotonic()
        if self._is_recorded():
            await self._bus.store.write_with_retry(self._record_recovery)

    async def hold_task(self, arn: str) -> None:
        """Hold the timeout of a task that could not start because the runtime did not answer."""
        self._answers_since = None
        if outages.held_since(self._bus.store.reader, arn) is None:
            await self._bus.store.write_with_retry(lambda tx: self._hold(tx, arn))

    def release_started(self, tx: Tx, task: Task, first_start: int | None) -> None:
        """Release the timeout of a task whose first start is recorded now; its time is in milliseconds."""
        if first_start is not None and _has_not_started(task):
            self._release(tx, task, first_start)

    def release_ended(self, tx: Tx, task: Task, first_start: int | None) -> None:
        """Release the timeout of a task whose end is recorded now: it decides whether the task ended in time."""
        self._release(tx, task, tx.now if first_start is None else first_start)

    def _release(self, tx: Tx, task: Task, start: int) -> None:
        """Release a timeout; extend it by the time until the start if no start was recorded before."""
        since = outages.held_since(tx, task.arn)
        if since is not None:
            outages.release_task(tx, task.arn)
            steady_start = self._world.monotonic() - (self._world.now() - start)
            extension = max(0, steady_start - since) if _has_not_started(task) else 0
            self._call_states(tx, "ReleaseTimeouts", task.arn, {"Push": extension})

    def _is_recorded(self) -> bool:
        reader = self._bus.store.reader
        return outages.current(reader) is not None or bool(outages.held_tasks(reader))

    async def _unavailable_reason(self) -> str | None:
        """Return why the runtime does not answer, or None if it answers."""
        try:
            await self._runtime.check()
        except (RuntimeUnavailable, TimeoutError) as error:
            return str(error) or "Docker does not answer in time"
        return None

    # --- the runtime does not answer ----------------------------------------------------------------------------------

    def _record_outage(self, reason: str, tx: Tx) -> None:
        waiting = list(self._tasks_needing_runtime())
        outage = outages.current(tx)
        if outage is None:
            if not waiting:
                return
            log.error("%s; tasks that wait for it: %s", reason, len(waiting))
            outages.begin(tx, tx.now)
        for task in waiting:
            self._hold(tx, task.arn)
        if outage is not None and outage.topics is None and tx.now - outage.since >= ALERT_AFTER_MILLISECONDS:
            outages.set_notified_topics(tx, self._alert(tx, waiting, outage.since))

    def _hold(self, tx: Tx, arn: str) -> None:
        if outages.hold_task(tx, arn, self._world.monotonic()):
            self._call_states(tx, "HoldTimeouts", arn)

    def _alert(self, tx: Tx, waiting: list[Task], since: int) -> list[str]:
        """Alert the channels of the jobs that wait, and return the topics."""
        if not waiting or not self._bus.serves(ALERTS_SERVICE, "SendOutageAlert"):
            return []
        families = sorted({task.family for task in waiting})
        params: Json = {"Since": format_iso_time(since), "Tasks": len(waiting), "Families": families}
        answer = self._bus.invoke(tx, caller_of(waiting[0].arn), ALERTS_SERVICE, "SendOutageAlert", params)
        return list(answer["Topics"])

    def _tasks_needing_runtime(self) -> Iterable[Task]:
        """Yield those of the tasks that need the runtime; damaged ones are left to their supervisors."""
        reader = self._bus.store.reader
        for arn in self._supervised():
            try:
                task = tasks.get(reader, arn)
                if task is not None and task.status != "STOPPED" and _has_image(reader, task):
                    yield task
            except DamagedData:
                continue

    # --- the runtime answers again ------------------------------------------------------------------------------------

    def _record_recovery(self, tx: Tx) -> None:
        """End the outage, and release the timeouts that are still held when the runtime has answered for a while.

        By then, the ends of started tasks are recorded, and the others have started, or their start takes long.
        """
        outage = outages.current(tx)
        now = self._world.monotonic()
        answers_for = 0 if self._answers_since is None else now - self._answers_since
        if answers_for >= SETTLED_MILLISECONDS:
            for arn, since in outages.held_tasks(tx).items():
                outages.release_task(tx, arn)
                self._call_states(
                    tx, "ReleaseTimeouts", arn, {"Push": now - since if _find_not_started(tx, arn) else 0}
                )
        if outage is not None:
            log.warning("Docker answers again; it had not answered since %s", format_iso_time(outage.since))
            outages.end(tx)
            self._alert_recovery(tx, outage)

    def _call_states(self, tx: Tx, operation: str, task: str, params: Json | None = None) -> None:
        """Call an operation of Step Functions for a task, if this engine has Step Functions."""
        if self._bus.serves(STATES_SERVICE, operation):
            self._bus.invoke(tx, caller_of(task), STATES_SERVICE, operation, {"Task": task, **(params or {})})

    def _alert_recovery(self, tx: Tx, outage: outages.Outage) -> None:
        if outage.topics:
            params = {
                "Topics": list(outage.topics),
                "Since": format_iso_time(outage.since),
                "Until": format_iso_time(tx.now),
            }
            self._bus.invoke(tx, caller_of(outage.topics[0]), ALERTS_SERVICE, "SendRecoveryAlert", params)


def _has_not_started(task: Task) -> bool:
    """Return whether no start of a container of a task is recorded."""
    return all(each["lastStatus"] == "PENDING" for each in task.body["containers"])


def _find_not_started(reader: Reader, arn: str) -> bool:
    """Return whether a task can be read and no start of its containers is recorded."""
    try:
        task = tasks.get(reader, arn)
    except DamagedData:
        return False
    return task is not None and _has_not_started(task)


def _has_image(reader: Reader, task: Task) -> bool:
    definition = task_definitions.by_arn(reader, task.body["taskDefinitionArn"])
    return definition is not None and any(each.get("image") for each in definition.body["containerDefinitions"])
