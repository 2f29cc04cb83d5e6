"""Connect ECS to the engine: operations decide, and supervisors carry out the decisions.

Guarantees that every task that has its room and has not stopped has one supervisor, from the commit that gave it the
room or from the start of the engine. No error loses a task: the error is logged, and the supervisor starts again. At
the start, containers whose task has stopped or is unknown are stopped and removed.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path

from lamplighter.base.aws import secret_references
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.outbound.aws import RemoteServices
from lamplighter.runtime.port import Runtime, RuntimeUnavailable
from lamplighter.services.ecs import capacity_providers, clusters, tags
from lamplighter.services.ecs.logs.awslogs import log_destination
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tables import outages, shipped_logs, task_definitions, tasks, waiting_tasks
from lamplighter.services.ecs.task_definitions import operations as definitions
from lamplighter.services.ecs.tasks import damaged_task, run_task
from lamplighter.services.ecs.tasks import operations as task_operations
from lamplighter.services.ecs.tasks.admission import CONTAINERS_WITH_STREAM, Admission, Limits
from lamplighter.services.ecs.tasks.containers.container_plan import STOP_SECONDS, container_name
from lamplighter.services.ecs.tasks.containers.container_restarts import restart_policy
from lamplighter.services.ecs.tasks.execution_role import agent_caller
from lamplighter.services.ecs.tasks.request_rate import RequestRate
from lamplighter.services.ecs.tasks.runtime_outage import OutageWatch
from lamplighter.services.ecs.tasks.runtime_retry import Pause, retry_pauses, retry_while_unavailable
from lamplighter.services.ecs.tasks.search_output import search_output
from lamplighter.services.ecs.tasks.standing_queue import examine_queue
from lamplighter.services.ecs.tasks.supervisor import Supervisor, copy_output
from lamplighter.services.ecs.tasks.supervisor_context import (
    AddedVariables,
    RoleCredentials,
    SupervisorContext,
    no_variables,
)
from lamplighter.store.db import DamagedData, OutboxRow, Store, Tx
from lamplighter.store.timers import Timer

log = logging.getLogger("lamplighter.ecs")

CATCH_UP_SECONDS = 15.0
"""The most seconds that a start waits for the tasks that ended before it."""
ORPHAN_DELAY_SECONDS = 10.0
"""The seconds after an engine's very first task in which it does not look for containers without a task: that loads the
client of Docker, and would delay the tasks that start together with the first one."""


class Ecs(Service):
    """The ECS service of one engine."""

    name = "ecs"

    def __init__(
        self,
        bus: Bus,
        store: Store,
        world: World,
        runtime: Runtime,
        data_directory: Path,
        remote: RemoteServices,
        *,
        limits: Limits = lambda of_file: of_file,
        secrets: secret_references.SecretLookup | None = None,
        credential_variables: Mapping[str, str] | None = None,
        deny: Collection[str] = (),
        pause: Pause = asyncio.sleep,
        added_variables: AddedVariables = no_variables,
        role_credentials: RoleCredentials | None = None,
        overdue_fired: asyncio.Event | None = None,
        aws_limits: bool = False,
    ) -> None:
        """Set up the service; containers start only after `overdue_fired` is set (None: they start at once)."""
        if overdue_fired is None:
            overdue_fired = asyncio.Event()
            overdue_fired.set()
        self.outputs = OutputFiles(data_directory / "output")
        self._store = store
        self._admission = admission = Admission(bus, world, limits)
        watch = OutageWatch(bus, world, runtime, pause, self._tasks_with_images)
        secret_lookup = secrets or secret_references.environment_secrets({})
        self._context = SupervisorContext(
            bus,
            world,
            runtime,
            self.outputs,
            secret_lookup,
            remote,
            credential_variables or {},
            pause,
            watch,
            admission,
            overdue_fired,
            self._check_runtime_now,
            added_variables,
            role_credentials,
        )
        rate = RequestRate(world.monotonic) if aws_limits else None
        self._watching: asyncio.Task[None] | None = None
        """The asyncio task that checks the runtime while there are ECS tasks."""
        self._orphans_sought = False
        self.operations: Mapping[str, Operation] = {
            "CreateCluster": Operation(write=clusters.create_cluster),
            "DeleteCluster": Operation(write=clusters.delete_cluster),
            "DescribeClusters": Operation(read=clusters.describe_clusters),
            "ListClusters": Operation(read=clusters.list_clusters),
            "UpdateCluster": Operation(write=clusters.update_cluster),
            "UpdateClusterSettings": Operation(write=clusters.update_cluster),
            "PutClusterCapacityProviders": Operation(write=clusters.put_providers),
            "CreateCapacityProvider": Operation(write=capacity_providers.create_provider),
            "DescribeCapacityProviders": Operation(read=capacity_providers.describe_providers),
            "UpdateCapacityProvider": Operation(write=capacity_providers.update_provider),
            "DeleteCapacityProvider": Operation(write=capacity_providers.delete_provider),
            "RegisterTaskDefinition": Operation(write=partial(definitions.register_definition, deny)),
            "DeregisterTaskDefinition": Operation(write=definitions.deregister_definition),
            "DeleteTaskDefinitions": Operation(write=definitions.delete_definitions),
            "DescribeTaskDefinition": Operation(read=definitions.describe_definition),
            "ListTaskDefinitions": Operation(read=definitions.list_revisions),
            "ListTaskDefinitionFamilies": Operation(read=definitions.list_families),
            "RunTask": Operation(write=partial(run_task.run_task, admission, world, deny, rate)),
            "StopTask": Operation(write=partial(task_operations.stop_task, bus)),
            "DescribeTasks": Operation(read=partial(task_operations.describe_tasks, admission)),
            "GetTaskProtection": Operation(read=task_operations.task_protection),
            "UpdateTaskProtection": Operation(write=task_operations.task_protection),
            "ExecuteCommand": Operation(write=task_operations.execute_command),
            "SetCapacityLimits": Operation(write=admission.set_limits),
            "ListTasks": Operation(read=task_operations.list_tasks),
            "ListWaitingTasks": Operation(read=task_operations.list_waiting_tasks),
            "SearchOutput": Operation(read=partial(search_output, world, self.outputs)),
            "ListLatestTasks": Operation(read=partial(task_operations.list_latest_tasks, admission)),
            "ListScheduledTasks": Operation(read=partial(task_operations.list_scheduled_tasks, admission)),
            **tags.OPERATIONS.by_name(),
        }
        self._supervisors: dict[str, Supervisor] = {}
        self._end_events: dict[str, asyncio.Event] = {}
        """Events by the task's ARN; each is set when the task's end is on disk."""
        self._running: set[asyncio.Task[None]] = set()

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Supervise a task that must run or stop; the supervisor deletes the row once this is recorded."""
        if supervisor := self._supervisors.get(row.subject):
            supervisor.check_stop_order()
        else:
            self._supervise(row.subject, frozenset((row.body or {}).get(CONTAINERS_WITH_STREAM, ())))

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Look whether the queue of waiting tasks stands."""
        examine_queue(self._context.bus, self._context.world, self._admission, tx, timer)

    async def start(self) -> None:
        """Supervise every task that has its room, and remove containers without a task.

        An engine that has never had a task does not ask the runtime, which would have to be loaded.
        """
        if tasks.any_exists(self._store.reader):
            self._begin_orphan_removal()
        for arn in tasks.placed_arns(self._store.reader):
            self._supervise(arn)
        if waiting := waiting_tasks.all_waiting(self._store.reader):
            await self._place_running_tasks(waiting)
            self._store.write_in_background(partial(self._admission.hold_timeouts, waiting))
            self._store.write_in_background(self._admission.start_waiting)

    async def _place_running_tasks(self, waiting: Sequence[str]) -> None:
        """Place the waiting tasks whose containers exist: they have started since the backup that was restored."""
        try:
            existing = {name.partition("-")[0] for name in await self._context.runtime.names()}
        except RuntimeUnavailable as error:
            log.warning("could not find out whether tasks that wait for room have containers: %s", error)
            return
        for arn in waiting:
            if arn.rpartition("/")[2] in existing:
                await self._store.write(partial(self._admission.place_running_task, arn))

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
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # --- supervisors --------------------------------------------------------------------------------------------------

    def _supervise(self, arn: str, with_stream: frozenset[str] = frozenset()) -> None:
        """Start a supervisor for a task that has none; the log streams of the containers `with_stream` exist."""
        if arn not in self._supervisors:
            if not self._orphans_sought:
                self._begin_orphan_removal(ORPHAN_DELAY_SECONDS)
            self._end_events[arn] = asyncio.Event()
            self._supervisors[arn] = Supervisor(self._context, arn, self._end_events[arn], with_stream)
            self._spawn(self._run_supervisor(arn, with_stream))
            if self._watching is None or self._watching.done():
                watch = self._context.outage_watch.watch
                self._watching = self._spawn(self._retry_until_success("checking the runtime", watch))

    def _tasks_with_images(self) -> tuple[str, ...]:
        """Return the ARNs of the supervised tasks that may have a container with an image."""
        return tuple(arn for arn, supervisor in self._supervisors.items() if supervisor.may_use_images)

    def _check_runtime_now(self) -> None:
        """Check the runtime now because a call has just failed, unless an outage is already recorded."""
        if outages.current(self._store.reader) is None:
            self._spawn(self._context.outage_watch.check())

    async def _run_supervisor(self, arn: str, with_stream: frozenset[str]) -> None:
        async def run() -> None:
            supervisor = self._supervisors[arn] = Supervisor(self._context, arn, self._end_events[arn], with_stream)
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
            del self._supervisors[arn]

    def _end_damaged_task(self, arn: str, why: str, tx: Tx) -> None:
        damaged_task.end_damaged_task(self._context.bus, arn, why, tx)
        self._admission.start_waiting(tx)

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

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    # --- containers without a task ------------------------------------------------------------------------------------

    def _begin_orphan_removal(self, delay: float = 0) -> None:
        self._orphans_sought = True
        remove = partial(self._remove_orphans, delay)
        self._spawn(self._retry_until_success("removing containers without a task", remove))

    async def _remove_orphans(self, delay: float) -> None:
        """Stop and remove containers whose task has stopped or is unknown, after a delay in seconds."""
        await self._context.pause(delay)
        shipped = shipped_logs.containers(self._store.reader)
        names = await retry_while_unavailable(self._context.pause, self._context.runtime.names)
        # A container starts only after its task is on disk, so the task of any container named here is already stored.
        orphans = [name for name in sorted(names) if self._is_orphan(name)]
        await asyncio.gather(*(self._remove_container(name) for name in orphans))
        # The counts were read before the names: a container that is missing now was removed and needs no count.
        if removed := (shipped - names) | shipped.intersection(orphans):
            await self._store.write_with_retry(lambda tx: shipped_logs.delete(tx, removed))

    def _is_orphan(self, name: str) -> bool:
        found = tasks.status(self._store.reader, name.partition("-")[0])
        return found is None or (found[1] == "STOPPED" and found[0] not in self._supervisors)

    async def _remove_container(self, name: str) -> None:
        log.warning("the container %s belongs to no running task; it is stopped and removed", name)
        context, runtime = self._context, self._context.runtime
        await retry_while_unavailable(context.pause, partial(runtime.stop, name, STOP_SECONDS))
        owner, _, container_part = name.partition("-")
        task = tasks.by_name(self._store.reader, owner)
        if task is None:  # a restored database does not know the tasks that are newer than its backup
            await copy_output(context, owner, container_part, name, None)
        else:
            found = task_definitions.by_arn(self._store.reader, task.body["taskDefinitionArn"])
            definition = {"containerDefinitions": []} if found is None else found.body
            agent = agent_caller(context.bus, task, definition)
            for container in definition["containerDefinitions"]:
                if container_name(task.name, container["name"]) == name:
                    destination = log_destination(task, agent, container, name)
                    await copy_output(context, task.name, container["name"], name, destination)
        await retry_while_unavailable(context.pause, partial(runtime.remove, name))
