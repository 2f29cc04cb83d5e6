"""Supervise one task, from the order to run it until its containers are removed.

Guarantees that a container starts at most once, and that its exit is on disk before it is removed. The supervisor can
be interrupted anywhere: a new one with the same database and the same runtime continues. There are three commits:
RunTask's own, one when all containers have started (the containers do not wait for it), and one for the end. The
supervisor waits for a runtime that does not answer. The end of a task waits a few seconds for the last output; any
later output is copied afterwards. An order to stop does not interrupt a start (such as a long pull) but waits for it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from lamplighter.base import secret_references
from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.runtime.port import CannotStart, ImageUnavailable, Runtime, RuntimeUnavailable, StartedContainer
from lamplighter.services.ecs.logs import awslogs
from lamplighter.services.ecs.logs.awslogs import LogDestination
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tables import shipped_logs, task_definitions, tasks
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import containers, lifecycle
from lamplighter.services.ecs.tasks.container_plan import plan_containers
from lamplighter.services.ecs.tasks.containers import ContainerState, TaskEnd
from lamplighter.services.ecs.tasks.runtime_outage import OutageWatch
from lamplighter.services.ecs.tasks.runtime_retry import Pause, retry_pauses, retry_while_unavailable
from lamplighter.store import outbox
from lamplighter.store.db import Reader, Tx

OUTPUT_PATIENCE = 5.0
"""Seconds that a task's end waits for the last output, so that the log is complete when the end is published."""

log = logging.getLogger("lamplighter.ecs")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SupervisorContext:
    """The services and settings that all supervisors share."""

    bus: Bus
    world: World
    runtime: Runtime
    outputs: OutputFiles
    secrets: secret_references.Held
    keys: Mapping[str, str]
    pause: Pause
    watch: OutageWatch
    lost: Callable[[], None] = lambda: None
    """Called immediately when the runtime does not answer."""


class Supervisor:
    """The supervisor of one task."""

    def __init__(self, means: SupervisorContext, arn: str, over: asyncio.Event) -> None:
        self._means = means
        self._arn = arn
        self._over = over
        """Set when the task's end is on disk."""
        self._members: tuple[ContainerState, ...] = ()
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        """Held during a start: containers start one after another, in their definition's order."""
        self._closing = False
        """True if no further container may start."""

    def check_stop_order(self) -> None:
        """Wake the supervisor to check whether the task's stop was ordered."""
        self._news.set()

    async def run(self) -> None:
        """Run the task to its end."""
        task = self._task()
        if task.status == "STOPPED":
            return
        self._members = containers.load_containers(
            plan_containers(task, self._definition(task), self._means.secrets, self._means.keys), task
        )
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(self._run_container(group, member)) for member in self._members]
            ending = await self._watch()
            await self._close(group)
            await self._end(ending)
            self._over.set()
            for life in lives:
                life.cancel()
        await self._remove()

    def _definition(self, task: Task) -> Json:
        found = task_definitions.by_arn(self._means.bus.store.reader, task.body["taskDefinitionArn"])
        if found is None:
            raise Bug(f"the task definition of {self._arn} does not exist")
        return found.body

    def _task(self) -> Task:
        return _get(self._means.bus.store.reader, self._arn)

    # --- one container ------------------------------------------------------------------------------------------------

    async def _run_container(self, group: asyncio.TaskGroup, member: ContainerState) -> None:
        if member.ended.is_set() or not await self._start_when_ready(member):
            return
        member.copying = group.create_task(self._copy(member))
        member.exit = await self._patiently(lambda: self._means.runtime.wait(member.name))
        member.ended.set()
        self._news.set()

    async def _start_when_ready(self, member: ContainerState) -> bool:
        """Start a container when its dependencies are met; return False if it does not run or if this is unknown."""
        if member.started.is_set():
            return True
        await self._await_dependencies(member)
        async with self._turn:
            if self._closing or self._stop_ordered():
                return False
            try:
                await self._start(member)
            except ImageUnavailable as error:
                member.failure = f"{error}{member.plan.pull_hint}"
            except CannotStart as error:
                member.failure = str(error)
            except RuntimeUnavailable:
                return False
        self._news.set()
        return member.started.is_set()

    async def _start(self, member: ContainerState) -> None:
        member.failure = member.failure or member.plan.failure or await self._open_log(member)
        if member.failure is not None:
            return
        container = replace(member.plan.container, network=self._network())
        start = self._means.runtime.start

        async def begin() -> StartedContainer:
            try:
                return await start(container)
            except RuntimeUnavailable:
                self._means.lost()
                raise

        member.start = await retry_while_unavailable(self._means.pause, begin, self._stop_ordered)
        member.started.set()

    async def _open_log(self, member: ContainerState) -> str | None:
        """Create a container's log stream; return why the container must not start, or None."""
        to, bus = member.plan.log, self._means.bus
        if to is None or not bus.serves("logs", "CreateLogStream"):
            return None
        failure = await bus.store.write_with_retry(lambda tx: awslogs.create_stream(bus, tx, to))
        member.unlogged = failure is not None
        return failure

    def _network(self) -> str | None:
        """Return the container whose network the containers of an awsvpc task share: the first that runs."""
        if not self._task().body["attachments"]:
            return None
        return next((member.name for member in self._members if member.is_running), None)

    async def _await_dependencies(self, member: ContainerState) -> None:
        for name, condition in member.plan.depends_on:
            other = next(each for each in self._members if each.plan.name == name)
            await (other.started if condition in ("START", "HEALTHY") else other.ended).wait()
            if condition == "SUCCESS" and (other.exit is None or other.exit.code != 0):
                member.failure = (
                    f"Container '{member.plan.name}' depends on the success of '{name}', which did not succeed"
                )

    async def _copy(self, member: ContainerState) -> None:
        await copy_output(self._means, self._task().name, member.plan.name, member.name, member.plan.log)

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _watch(self) -> TaskEnd:
        """Record the progress of the containers until the task ends; return why it ends."""
        while True:
            self._news.clear()
            if self._stop_ordered():
                return TaskEnd("UserInitiated", "")
            if (ending := containers.task_end(self._members)) is not None:
                return ending
            if containers.has_news(self._task().status, self._members):
                await self._record()
            else:
                await self._news.wait()

    def _stop_ordered(self) -> bool:
        return self._task().desired == "STOPPED"

    async def _record(self) -> None:
        for member in await self._means.bus.store.write_with_retry(self._progress):
            member.recorded = "STOPPED"

    def _progress(self, tx: Tx) -> list[ContainerState]:
        """Record the progress of the containers; return those whose end is recorded."""
        task = _get(tx, self._arn)
        if task.run_order is not None:
            outbox.delete(tx, task.run_order)
        self._keep(tx, [containers.with_progress(task, self._members, self._means.world.now())])
        return [member for member in self._members if member.ended.is_set()]

    async def _close(self, group: asyncio.TaskGroup) -> None:
        """Prevent further starts, and find out which containers have started."""
        self._closing = True
        async with self._turn:
            unknown = [
                member
                for member in self._members
                if not member.started.is_set()
                and (member.failure is None or member.plan.failure is not None or member.unlogged)
            ]
        there = await self._patiently(self._means.runtime.names) if unknown else frozenset()
        for member in unknown:
            if member.name in there:
                member.started.set()
                member.copying = group.create_task(self._copy(member))

    async def _end(self, ending: TaskEnd) -> None:
        """Stop the containers that still run, and record the task's end."""
        running = [member for member in self._members if member.is_running]
        if running:
            await self._means.bus.store.write_with_retry(lambda tx: self._mark_stopping(tx, ending))
            await asyncio.gather(*(self._stop(member, running) for member in running))
        if copies := [member.copying for member in self._members if member.copying is not None]:
            await asyncio.wait(copies, timeout=OUTPUT_PATIENCE)
        await self._means.bus.store.write_with_retry(lambda tx: self._finish(tx, ending))

    def _mark_stopping(self, tx: Tx, ending: TaskEnd) -> None:
        self._keep(
            tx, containers.steps_to_stopping(_get(tx, self._arn), self._members, ending, self._means.world.now())
        )

    async def _stop(self, member: ContainerState, running: list[ContainerState]) -> None:
        """Stop a container after those that depend on it have stopped."""
        for other in running:
            if any(name == member.plan.name for name, _ in other.plan.depends_on):
                await other.ended.wait()
        runtime = self._means.runtime
        await self._patiently(lambda: runtime.stop(member.name, member.plan.stop_seconds))
        if member.exit is None:
            member.exit = await self._patiently(lambda: runtime.wait(member.name))
        member.ended.set()

    def _finish(self, tx: Tx, ending: TaskEnd) -> None:
        task = _get(tx, self._arn)
        self._means.watch.release_task(tx, self._arn)
        for order in (task.run_order, task.stop_order):
            if order is not None:
                outbox.delete(tx, order)
        steps = containers.steps_to_stopped(task, self._members, ending, self._means.world.now())
        self._keep(tx, steps)
        tx.after.append(partial(_tell_end, steps[-1]))

    def _keep(self, tx: Tx, steps: list[Task]) -> None:
        for step in steps:
            lifecycle.save_and_publish(self._means.bus, tx, step, self._means.world.now())

    async def _remove(self) -> None:
        """Remove the containers, whose exits and output are on disk."""
        for member in self._members:
            await self._patiently(partial(self._means.runtime.remove, member.name))
        logged = [member.name for member in self._members if member.plan.log is not None]
        if logged:
            await self._means.bus.store.write_with_retry(lambda tx: shipped_logs.forget(tx, logged))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(self._means.pause, call)


def _tell_end(task: Task) -> None:
    """Log the task's end in one readable line."""
    exits = [f"{each['name']} exited with {each['exitCode']}" for each in task.body["containers"] if "exitCode" in each]
    log.info("task %s stopped: %s", task.name, ", ".join([task.body["stoppedReason"], *exits]))


def _get(reader: Reader, arn: str) -> Task:
    task = tasks.get(reader, arn)
    if task is None:
        raise Bug(f"there is no task {arn}")
    return task


async def copy_output(
    means: SupervisorContext, task: str, container: str, name: str, log_to: LogDestination | None
) -> None:
    """Copy all output of a container; try again as long as the disk is full or the runtime does not answer."""
    for seconds in retry_pauses():
        try:
            async with contextlib.aclosing(means.runtime.logs(name)) as lines:
                if log_to is None or not means.bus.serves("logs", "PutLogEvents"):
                    await means.outputs.copy(task, container, lines)
                else:
                    shipping = awslogs.ship_lines(means.bus, means.world.now, means.pause, log_to, name, lines)
                    async with contextlib.aclosing(shipping) as passed:
                        await means.outputs.copy(task, container, passed)
        except (OSError, RuntimeUnavailable) as error:
            log.warning("copying the output of %s failed and is repeated: %s", name, error)
            await means.pause(seconds)
        else:
            return
