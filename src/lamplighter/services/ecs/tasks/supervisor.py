"""Supervise one task, from the order to run it until its containers are removed.

Guarantees that a container starts at most once, and that its exit is on disk before it is removed. The supervisor can
be interrupted anywhere: a new one with the same database and the same runtime continues. There are three commits:
RunTask's own, one when all containers have started (the containers do not wait for it), and one for the end. The
supervisor waits for a runtime that does not answer. The end of a task waits up to a minute for the last output; later
output is copied afterwards. An order to stop does not interrupt a start (such as a long pull) but waits for it. A start
that the order calls off before the container runs starts nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from lamplighter.base.errors import Bug, require
from lamplighter.base.json_text import Json
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import (
    CannotStart,
    ContainerExit,
    ContainerSpec,
    Health,
    ImageUnavailable,
    RuntimeUnavailable,
    StartCalledOff,
    check_not_called_off,
)
from lamplighter.services.ecs.logs import awslogs
from lamplighter.services.ecs.logs.awslogs import LogDestination
from lamplighter.services.ecs.logs.output_copy import OutputCopy, ReadOutput
from lamplighter.services.ecs.tables import shipped_logs, task_definitions, tasks
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import called_off, lifecycle
from lamplighter.services.ecs.tasks.containers import container_states
from lamplighter.services.ecs.tasks.containers.container_dependencies import await_dependencies
from lamplighter.services.ecs.tasks.containers.container_plan import PlannedContainer, plan_containers
from lamplighter.services.ecs.tasks.containers.container_restarts import allows_restart
from lamplighter.services.ecs.tasks.containers.container_starts import ContainerStarts
from lamplighter.services.ecs.tasks.containers.container_states import ContainerState, TaskEnd
from lamplighter.services.ecs.tasks.containers.engine_secrets import add_engine_secrets
from lamplighter.services.ecs.tasks.containers.environment_files import read_environment_files
from lamplighter.services.ecs.tasks.containers.shared_namespaces import share_namespaces
from lamplighter.services.ecs.tasks.execution_role import agent_caller, denied_image, execution_caller
from lamplighter.services.ecs.tasks.runtime_retry import retry_pauses, retry_while_unavailable
from lamplighter.services.ecs.tasks.supervisor_context import SupervisorContext
from lamplighter.store import outbox
from lamplighter.store.db import Reader, Tx

OUTPUT_WAIT_SECONDS = 60.0
"""Seconds that a task's end waits for the last output, so that the log is complete when the end is published.

It arrives within milliseconds, on a machine under load within seconds; only a runtime that hangs takes longer."""

log = logging.getLogger("lamplighter.ecs")
T = TypeVar("T")


class Supervisor:
    """The supervisor of one task."""

    def __init__(
        self, context: SupervisorContext, arn: str, end_recorded: asyncio.Event, with_stream: frozenset[str]
    ) -> None:
        self._context = context
        self._arn = arn
        self._with_stream = with_stream
        """The names of the containers whose log stream is known to exist."""
        self._end_recorded = end_recorded
        """Set when the task's end is on disk."""
        self._states: tuple[ContainerState, ...] = ()
        self._changed = asyncio.Event()
        self._start_lock = asyncio.Lock()
        """Held during a start: containers start one after another, in their definition's order."""
        self._starts_forbidden = False
        self._starts: ContainerStarts
        """Set when the supervisor knows the task's containers."""

    @property
    def may_use_images(self) -> bool:
        """Return False if it is known that all containers of the task are plain processes."""
        return not self._states or any(state.plan.container.image for state in self._states)

    def check_stop_order(self) -> None:
        """Wake the supervisor to check whether the task's stop was ordered."""
        self._changed.set()

    async def run(self) -> None:
        """Run the task to its end."""
        task = _get(self._context.bus.store.reader, self._arn)
        if task.status == "STOPPED":
            return
        definition = self._definition(task)
        plan = await self._plan(task, definition)
        plan, pause_container = share_namespaces(task, definition, plan)
        self._starts = ContainerStarts(self._context, task, pause_container)
        added = self._context.added_variables(self._arn)
        self._states = container_states.load_containers(tuple(each.with_variables(added) for each in plan), task)
        async with asyncio.TaskGroup() as group:
            container_tasks = [group.create_task(self._run_container(group, state)) for state in self._states]
            ending = await self._watch()
            await self._prevent_starts(group)
            await self._end(ending)
            self._end_recorded.set()
            for life in container_tasks:
                life.cancel()
        await self._remove(pause_container)

    async def _plan(self, task: Task, definition: Json) -> tuple[PlannedContainer, ...]:
        bus = self._context.bus
        caller, agent = execution_caller(bus, task, definition), agent_caller(bus, task, definition)
        secrets = await add_engine_secrets(bus, caller, definition, self._context.secrets)
        denied = partial(denied_image, bus, bus.store.reader, agent)
        files = await read_environment_files(bus, self._context.remote, task, definition)
        credentials = self._credential_variables(task, definition)
        return plan_containers(task, definition, secrets, credentials, files, agent, denied)

    def _credential_variables(self, task: Task, definition: Json) -> Mapping[str, str]:
        """Return the credentials of a task: those of its role if the engine enforces IAM."""
        role = task.body["overrides"].get("taskRoleArn") or definition.get("taskRoleArn")
        if self._context.role_credentials is None or not role:
            return self._context.credential_variables
        return self._context.role_credentials(self._arn, role)

    def _definition(self, task: Task) -> Json:
        found = task_definitions.by_arn(self._context.bus.store.reader, task.body["taskDefinitionArn"])
        if found is None:
            raise Bug(f"the task definition of {self._arn} does not exist")
        return found.body

    # --- one container ------------------------------------------------------------------------------------------------

    async def _run_container(self, group: asyncio.TaskGroup, state: ContainerState) -> None:
        if state.ended.is_set() or not await self._start_when_ready(state):
            return
        state.copying = group.create_task(self._copy(state))
        while True:
            watching = group.create_task(self._watch_health(state))
            try:
                state.exit = await self._retry(lambda: self._context.runtime.wait(state.name))
            finally:
                watching.cancel()
            if not await self._restart(state, state.exit):
                break
        state.end()
        self._changed.set()

    async def _watch_health(self, state: ContainerState) -> None:
        container = state.plan.container
        if container.health_check is None:
            return
        changes = self._context.runtime.health(container)
        async with contextlib.aclosing(changes):
            async for health in changes:
                state.set_health(health)
                self._changed.set()

    async def _restart(self, state: ContainerState, ended: ContainerExit) -> bool:
        """Restart a container if its policy allows it; return whether it runs again."""
        if not allows_restart(state.plan.restart_policy, ended):
            return False
        async with self._start_lock:
            if (
                self._starts_forbidden
                or self._starts.is_stop_ordered()
                or container_states.essential_ended(self._states)
            ):
                return False
            try:
                state.begin_run(await self._starts.restart(state.plan.container))
            except StartCalledOff:
                return False
            except (CannotStart, ImageUnavailable) as error:
                log.warning("%s cannot be restarted: %s", state.name, error)
                return False
        log.info("%s exited with %s and was restarted", state.name, ended.code)
        self._changed.set()
        return True

    async def _adopt(self, state: ContainerState) -> None:
        """Learn when a container started that an earlier engine started, and complete a restart that it began."""
        if state.name in await self._retry(self._context.runtime.names):
            with contextlib.suppress(CannotStart, ImageUnavailable):
                state.start = await self._starts.adopt(state.plan.container)

    async def _start_when_ready(self, state: ContainerState) -> bool:
        """Start a container when its dependencies are met; return False if it does not run or if this is unknown."""
        if state.started.is_set():
            if state.plan.restart_policy is not None or state.plan.start_timeout is not None:
                await self._adopt(state)
            return True
        await self._context.overdue_fired.wait()
        await await_dependencies(state, self._states, self._context.world.now, self._context.pause)
        async with self._start_lock:
            if self._starts_forbidden:
                return False
            try:
                check_not_called_off(state.plan.container, self._starts.is_called_off)
                await self._open_log_and_start(state)
            except ImageUnavailable as error:
                state.fail(f"{error}{state.plan.pull_hint}")
            except CannotStart as error:
                state.fail(str(error))
            except StartCalledOff:
                await self._context.bus.store.write_with_retry(
                    partial(called_off.stop_deleted, self._context.bus, self._arn)
                )
                return False
        self._changed.set()
        return state.started.is_set()

    async def _open_log_and_start(self, state: ContainerState) -> None:
        """Start a container, unless an essential one ends before; then this one has neither started nor failed."""
        failure = state.failure or state.plan.failure or await self._open_log(state)
        if failure is not None:
            state.fail(failure)
        elif not container_states.essential_ended(self._states):
            state.start = await self._starts.start(state.plan.container)
            state.started.set()

    async def _open_log(self, state: ContainerState) -> str | None:
        """Create a container's log stream; return why the container must not start, or None."""
        destination, bus = state.plan.log, self._context.bus
        if destination is None or state.plan.name in self._with_stream:
            return None
        await bus.load(awslogs.SERVICE)
        if not bus.serves(awslogs.SERVICE, "CreateLogStream"):
            return None
        failure = await bus.store.write_with_retry(lambda tx: awslogs.create_stream(bus, tx, destination))
        state.log_failed = failure is not None
        return failure

    async def _copy(self, state: ContainerState) -> None:
        task = self._arn.rpartition("/")[2]
        read = partial(self._read_all_runs, state)
        await copy_output(self._context, task, state.plan.name, state.name, state.plan.log, read)

    async def _read_all_runs(self, state: ContainerState, cursor: OutputCursor) -> AsyncGenerator[OutputLine, None]:
        """Yield the output of a container and of its restarts, each line once."""
        while True:
            run_ended = state.run_ended
            async with contextlib.aclosing(self._context.runtime.logs(state.name, cursor)) as lines:
                async for line in lines:
                    yield line
            if state.plan.restart_policy is None:
                return
            await run_ended.wait()
            if run_ended is state.run_ended:
                return

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _watch(self) -> TaskEnd:
        """Record the progress of the containers until the task ends; return why it ends."""
        while True:
            self._changed.clear()
            status, desired = tasks.statuses(self._context.bus.store.reader, self._arn)
            if desired == "STOPPED":
                return TaskEnd("UserInitiated", "")
            if (ending := container_states.task_end(self._states)) is not None:
                return ending
            if container_states.has_changes(status, self._states):
                healths = [state.health for state in self._states]
                for state in await self._context.bus.store.write_with_retry(self._progress):
                    state.recorded = "STOPPED"
                self._note_recorded(healths)
            elif container_states.has_health_changes(self._states):
                healths = [state.health for state in self._states]
                await self._context.bus.store.write_with_retry(self._record_health)
                self._note_recorded(healths)
            else:
                await self._changed.wait()

    def _note_recorded(self, healths: list[Health]) -> None:
        for state, health in zip(self._states, healths, strict=True):
            state.recorded_health = health

    def _record_health(self, tx: Tx) -> None:
        """Record the health of the containers, which is no event on AWS."""
        task = _get(tx, self._arn)
        changes = container_states.health_changes(task.body["containers"], self._states)
        tasks.update(tx, replace(task, body=task.body | changes))

    def _progress(self, tx: Tx) -> list[ContainerState]:
        """Record the progress of the containers; return those whose end is recorded."""
        task = _get(tx, self._arn)
        if task.run_order is not None:
            outbox.delete(tx, task.run_order)
        self._context.outage_watch.release_started(tx, task, container_states.first_start(self._states))
        self._save_steps(tx, [container_states.with_progress(task, self._states, self._context.world.now())])
        return [state for state in self._states if state.ended.is_set()]

    async def _prevent_starts(self, group: asyncio.TaskGroup) -> None:
        """Prevent further starts, and find out which containers have started."""
        self._starts_forbidden = True
        async with self._start_lock:
            unknown = [
                state
                for state in self._states
                if not state.started.is_set()
                and (state.failure is None or state.plan.failure is not None or state.log_failed)
            ]
        existing = await self._retry(self._context.runtime.names) if unknown else frozenset()
        for state in unknown:
            if state.name in existing:
                state.started.set()
                state.copying = group.create_task(self._copy(state))

    async def _end(self, ending: TaskEnd) -> None:
        """Stop the containers that still run, and record the task's end."""
        running = [state for state in self._states if state.is_running]
        if running:
            await self._context.bus.store.write_with_retry(lambda tx: self._mark_stopping(tx, ending))
            await asyncio.gather(*(self._stop(state, running) for state in running))
        if copies := [state.copying for state in self._states if state.copying is not None]:
            await asyncio.wait(copies, timeout=OUTPUT_WAIT_SECONDS)
        await self._context.bus.store.write_with_retry(lambda tx: self._finish(tx, ending))

    def _mark_stopping(self, tx: Tx, ending: TaskEnd) -> None:
        self._save_steps(
            tx, container_states.steps_to_stopping(_get(tx, self._arn), self._states, ending, self._context.world.now())
        )

    async def _stop(self, state: ContainerState, running: list[ContainerState]) -> None:
        """Stop a container after those that depend on it have stopped."""
        for other in running:
            if any(name == state.plan.name for name, _ in other.plan.depends_on):
                await other.ended.wait()
        runtime = self._context.runtime
        await self._retry(lambda: runtime.stop(state.name, state.plan.stop_seconds))
        if state.exit is None:
            state.exit = await self._retry(lambda: runtime.wait(state.name))
        state.end()

    def _finish(self, tx: Tx, ending: TaskEnd) -> None:
        task = _get(tx, self._arn)
        self._context.outage_watch.release_ended(tx, task, container_states.first_start(self._states))
        for order in (task.run_order, task.stop_order):
            if order is not None:
                outbox.delete(tx, order)
        steps = container_states.steps_to_stopped(task, self._states, ending, self._context.world.now())
        self._save_steps(tx, steps)
        self._context.admission.start_waiting(tx)
        tx.after_commit.append(partial(_log_end, steps[-1]))

    def _save_steps(self, tx: Tx, steps: list[Task]) -> None:
        for step in steps:
            lifecycle.save_and_publish(self._context.bus, tx, step, self._context.world.now())

    async def _remove(self, pause_container: ContainerSpec | None) -> None:
        """Remove the containers, whose exits and output are on disk."""
        runtime = self._context.runtime
        for state in self._states:
            await self._retry(partial(runtime.remove, state.name))
        if pause_container is not None:
            await self._retry(partial(runtime.stop, pause_container.name, 0))
            await self._retry(partial(runtime.remove, pause_container.name))
        logged = [state.name for state in self._states if state.plan.log is not None]
        if logged:
            await self._context.bus.store.write_with_retry(lambda tx: shipped_logs.delete(tx, logged))

    async def _retry(self, call: Callable[[], Awaitable[T]]) -> T:
        return await retry_while_unavailable(self._context.pause, call)


def _log_end(task: Task) -> None:
    """Log the task's end in one readable line."""
    exits = [f"{each['name']} exited with {each['exitCode']}" for each in task.body["containers"] if "exitCode" in each]
    log.info("task %s stopped: %s", task.name, ", ".join([task.body["stoppedReason"], *exits]))


def _get(reader: Reader, arn: str) -> Task:
    return require(tasks.get(reader, arn), lambda: Bug(f"there is no task {arn}"))


async def copy_output(
    context: SupervisorContext,
    task: str,
    container: str,
    name: str,
    destination: LogDestination | None,
    read: ReadOutput | None = None,
) -> None:
    """Copy all output of a container; try again as long as the disk is full or the runtime does not answer.

    `read` reads the output from a cursor on; by default, the runtime does.
    """
    for seconds in retry_pauses():
        shipper = None
        if destination is not None and context.bus.serves(awslogs.SERVICE, "PutLogEvents"):
            shipper = awslogs.LogShipper(context.bus, context.world.now, destination, name)
        try:
            copy = OutputCopy(context.outputs, task, container, shipper)
            await copy.run(read or partial(context.runtime.logs, name), context.pause)
        except (OSError, RuntimeUnavailable) as error:
            log.warning("copying the output of %s failed and is repeated: %s", name, error)
            await context.pause(seconds)
        else:
            return
