"""List ECS's operations by AWS's names.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html. The input was validated against the
model's shapes; each operation checks what its parameters mean.
"""

from collections.abc import Collection, Mapping

from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation
from lamplighter.services.ecs import clusters, tags
from lamplighter.services.ecs.task_definitions import operations as definitions
from lamplighter.services.ecs.tasks import operations as tasks
from lamplighter.services.ecs.tasks import run_task
from lamplighter.services.ecs.tasks.placement import Capacity


def operations(
    bus: Bus, world: World, capacity: Capacity | None, deny: Collection[str] = ()
) -> Mapping[str, Operation]:
    """Return all supported operations; `deny` lists what task definitions must not request."""
    return {
        "CreateCluster": Operation(write=clusters.create_cluster),
        "DeleteCluster": Operation(write=clusters.delete_cluster),
        "DescribeClusters": Operation(read=clusters.describe_clusters),
        "ListClusters": Operation(read=clusters.list_clusters),
        "UpdateCluster": Operation(write=clusters.update_cluster),
        "PutClusterCapacityProviders": Operation(write=clusters.update_cluster),
        "RegisterTaskDefinition": Operation(write=definitions.register_definition(world, deny)),
        "DeregisterTaskDefinition": Operation(write=definitions.deregister_definition(world)),
        "DeleteTaskDefinitions": Operation(write=definitions.delete_definitions(world)),
        "DescribeTaskDefinition": Operation(read=definitions.describe_definition),
        "ListTaskDefinitions": Operation(read=definitions.list_revisions),
        "ListTaskDefinitionFamilies": Operation(read=definitions.list_families),
        "RunTask": Operation(write=run_task.run_task(bus, world, capacity, deny)),
        "StopTask": Operation(write=tasks.stop_task(bus, world)),
        "DescribeTasks": Operation(read=tasks.describe_tasks),
        "ListTasks": Operation(read=tasks.list_tasks),
        "LatestTasks": Operation(read=tasks.latest_tasks),
        **tags.OPERATIONS.by_name(),
    }
