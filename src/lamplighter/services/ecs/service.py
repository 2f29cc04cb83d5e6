"""Connect ECS to the engine: operations decide, and supervisors carry out the decisions.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html.
"""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

from lamplighter.base.aws import secret_references
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.outbound.aws import RemoteServices
from lamplighter.runtime.port import Runtime
from lamplighter.services.ecs import capacity_providers, clusters, tags
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.task_definitions import operations as definitions
from lamplighter.services.ecs.tasks import operations as task_operations
from lamplighter.services.ecs.tasks import run_task
from lamplighter.services.ecs.tasks.admission import CONTAINERS_WITH_STREAM, Admission, Limits
from lamplighter.services.ecs.tasks.request_rate import RequestRate
from lamplighter.services.ecs.tasks.runtime_outage import OutageWatch
from lamplighter.services.ecs.tasks.runtime_retry import Pause
from lamplighter.services.ecs.tasks.search_output import search_output
from lamplighter.services.ecs.tasks.standing_queue import examine_queue
from lamplighter.services.ecs.tasks.supervisor_context import (
    AddedVariables,
    RoleCredentials,
    SupervisorContext,
    no_variables,
)
from lamplighter.services.ecs.tasks.supervisors import Supervisors
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer


class Ecs(Service):
    """The ECS service of one engine."""

    name = "ecs"
    supervisors: Supervisors

    def __init__(
        self,
        bus: Bus,
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
        self._bus = bus
        self._world = world
        self._admission = admission = Admission(bus, world, limits)
        supervised = lambda: self.supervisors.tasks_with_images()  # noqa: E731, PLW0108 - they are made below
        watch = OutageWatch(bus, world, runtime, pause, supervised)
        secret_lookup = secrets or secret_references.environment_secrets({})
        context = SupervisorContext(
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
            lambda: self.supervisors.check_runtime_now(),  # noqa: PLW0108 - they are made below
            added_variables,
            role_credentials,
        )
        self.supervisors = Supervisors(context)
        rate = RequestRate(world.monotonic) if aws_limits else None
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

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Supervise a task that must run or stop; the supervisor deletes the row once this is recorded."""
        self.supervisors.supervise(row.subject, frozenset((row.body or {}).get(CONTAINERS_WITH_STREAM, ())))

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Look whether the queue of waiting tasks stands."""
        examine_queue(self._bus, self._world, self._admission, tx, timer)

    async def start(self) -> None:
        """Supervise the tasks that the engine finds."""
        await self.supervisors.start()

    async def catch_up(self) -> None:
        """Wait until the ends of tasks are recorded that no engine could observe."""
        await self.supervisors.catch_up()

    async def stop(self) -> None:
        """Stop all supervisors; the containers continue to run."""
        await self.supervisors.stop()
