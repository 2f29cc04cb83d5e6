"""Keep one supervisor for each task of ECS, over starts of the engine and over errors.

Guarantees that every task that has its room and has not stopped has one supervisor, from the commit that gave it the
room or from the start of the engine. No error loses a task: the error is logged, and the supervisor starts again. A
start waits a while for the ends of tasks that no engine could observe.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial

from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.services.ecs.tables import outages, task_definitions, tasks, waiting_tasks
from lamplighter.services.ecs.tasks import damaged_task
from lamplighter.services.ecs.tasks.containers.container_plan import container_name
from lamplighter.services.ecs.tasks.containers.container_restarts import restart_policy
from lamplighter.services.ecs.tasks.orphan_containers import remove_orphans
from lamplighter.services.ecs.tasks.runtime_retry import retry_pauses
from lamplighter.services.ecs.tasks.supervisor import Supervisor
from lamplighter.services.ecs.tasks.supervisor_context import SupervisorContext
from lamplighter.store.db import DamagedData, Tx

log = logging.getLogger("lamplighter.ecs")

CATCH_UP_SECONDS = 15.0
"""The most seconds that a start waits for the tasks that ended before it."""
ORPHAN_DELAY_SECONDS = 10.0
"""The seconds after an engine's very first task in which it does not look for containers without a task: that loads the
client of Docker, and would delay the tasks that start together with the first one."""


class Supervisors:
    """The supervisors of one engine."""

    def __init__(self, context: SupervisorContext) -> None:
        self._context = context
        self._store = context.bus.store
        self.by_task: dict[str, Supervisor] = {}
        """The supervisors, by the ARNs of their tasks."""
        self._end_events: dict[str, asyncio.Event] = {}
        """Events by the task's ARN; each is set when the task's end is on disk."""
        self.running: set[asyncio.Task[None]] = set()
        """The asyncio tasks of the supervisors, and of what goes on beside them."""
        self._watching: asyncio.Task[None] | None = None
        """The asyncio task that checks the runtime while there are ECS tasks."""
        self._orphans_sought = False

    async def start(self) -> None:
        """Supervise every task that has its room, and remove containers without a task.

        An engine that has never had a task does not ask the runtime, which would have to be loaded.
        """
        if tasks.any_exists(self._store.reader):
            self._begin_orphan_removal()
        for arn in tasks.placed_arns(self._store.reader):
            self.supervise(arn)
        if waiting := waiting_tasks.all_waiting(self._store.reader):
            await self._place_running_tasks(waiting)
            self._store.write_in_background(partial(self._context.admission.hold_timeouts, waiting))
            self._store.write_in_background(self._context.admission.start_waiting)

    async def _place_running_tasks(self, waiting: Sequence[str]) -> None:
        """Place the waiting tasks whose containers exist: they have started since the backup that was restored."""
        try:
            existing = {name.partition("-")[0] for name in await self._context.runtime.names()}
        except RuntimeUnavailable as error:
            log.warning("could not find out whether tasks that wait for room have containers: %s", error)
            return
        for arn in waiting:
            if arn.rpartition("/")[2] in existing:
                await self._store.write(partial(self._context.admission.place_running_task, arn))

    async def catch_up(self) -> None:
        """Wait until the ends of tasks are recorded that no engine could observe, at most `CATCH_UP_SECONDS`.

        So services learn of them before their timers fire: after a start, and after a pause of the machine.
        """
        if not self._end_events:
            return  # there is no task to wait for
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                ended = await self._context.runtime.ended_names()
                await asyncio.gather(
                    *(each.wait() for arn, each in self._end_events.items() if self._has_ended(arn, ended))
                )
        except (RuntimeUnavailable, TimeoutError) as error:
            log.warning("could not find out in time which tasks ended while no engine ran: %r", error)
        except Exception:
            log.exception("could not find out which tasks ended while no engine ran")

    def _has_ended(self, arn: str, ended: frozenset[str]) -> bool:
        """Return whether an essential container has exited for good; damaged tasks are left to their supervisors."""
        try:
            task = tasks.get(self._store.reader, arn)
            definition = task_definitions.by_arn(self._store.reader, task.body["taskDefinitionArn"]) if task else None
        except DamagedData:
            return False
        return task is not None and any(
            each.get("essential", True)
            and restart_policy(each) is None
            and container_name(task.name, each["name"]) in ended
            for each in (definition.body["containerDefinitions"] if definition else ())
        )

    async def stop(self) -> None:
        """Stop all supervisors; the containers continue to run."""
        for running in self.running:
            running.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    def supervise(self, arn: str, with_stream: frozenset[str] = frozenset()) -> None:
        """Start a supervisor for a task, or let the one that it has look for an order to stop.

        The log streams of the containers `with_stream` exist.
        """
        if supervisor := self.by_task.get(arn):
            supervisor.check_stop_order()
        else:
            if not self._orphans_sought:
                self._begin_orphan_removal(ORPHAN_DELAY_SECONDS)
            self._end_events[arn] = asyncio.Event()
            self.by_task[arn] = Supervisor(self._context, arn, self._end_events[arn], with_stream)
            self.spawn(self._run_supervisor(arn, with_stream))
            if self._watching is None or self._watching.done():
                watch = self._context.outage_watch.watch
                self._watching = self.spawn(self._retry_until_success("checking the runtime", watch))

    def tasks_with_images(self) -> tuple[str, ...]:
        """Return the ARNs of the supervised tasks that may have a container with an image."""
        return tuple(arn for arn, supervisor in self.by_task.items() if supervisor.may_use_images)

    def check_runtime_now(self) -> None:
        """Check the runtime now because a call has just failed, unless an outage is already recorded."""
        if outages.current(self._store.reader) is None:
            self.spawn(self._context.outage_watch.check())

    async def _run_supervisor(self, arn: str, with_stream: frozenset[str]) -> None:
        async def run() -> None:
            supervisor = self.by_task[arn] = Supervisor(self._context, arn, self._end_events[arn], with_stream)
            try:
                await supervisor.run()
            except DamagedData as error:
                log.error("%s; the task is stopped", error)
                await self._store.write_with_retry(partial(self._end_damaged_task, arn, str(error)))
                self._begin_orphan_removal()

        try:
            await self._retry_until_success(f"supervising {arn}", run)
        finally:
            self._end_events.pop(arn).set()
            del self.by_task[arn]

    def _end_damaged_task(self, arn: str, why: str, tx: Tx) -> None:
        damaged_task.end_damaged_task(self._context.bus, arn, why, tx)
        self._context.admission.start_waiting(tx)

    async def _retry_until_success(self, what: str, run: Callable[[], Awaitable[None]]) -> None:
        """Call `run` again after each error, until it succeeds."""
        for seconds in retry_pauses():
            try:
                await run()
            except Exception:
                log.exception("%s failed; next attempt in %s s", what, seconds)
                await self._context.pause(seconds)
            else:
                return

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin work that `stop` cancels."""
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    def _begin_orphan_removal(self, delay: float = 0) -> None:
        self._orphans_sought = True
        remove = partial(remove_orphans, self._context, self.by_task, delay)
        self.spawn(self._retry_until_success("removing containers without a task", remove))
