"""ECS's operations, by AWS's names.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html. Input has been validated against the
model's shapes; what it means is checked where each operation is.
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
    """All that is served; `deny`: what task definitions may not ask for."""
    return {
        "CreateCluster": Operation(write=clusters.create),
        "DeleteCluster": Operation(write=clusters.delete),
        "DescribeClusters": Operation(read=clusters.describe),
        "ListClusters": Operation(read=clusters.list_all),
        "UpdateCluster": Operation(write=clusters.update),
        "PutClusterCapacityProviders": Operation(write=clusters.update),
        "RegisterTaskDefinition": Operation(write=definitions.register(world, deny)),
        "DeregisterTaskDefinition": Operation(write=definitions.deregister(world)),
        "DeleteTaskDefinitions": Operation(write=definitions.delete(world)),
        "DescribeTaskDefinition": Operation(read=definitions.describe),
        "ListTaskDefinitions": Operation(read=definitions.list_revisions),
        "ListTaskDefinitionFamilies": Operation(read=definitions.list_families),
        "RunTask": Operation(write=run_task.run_task(bus, world, capacity, deny)),
        "StopTask": Operation(write=tasks.stop(bus, world)),
        "DescribeTasks": Operation(read=tasks.describe),
        "ListTasks": Operation(read=tasks.list_all),
        "LatestTasks": Operation(read=tasks.latest),
        "TagResource": Operation(write=tags.tag_resource),
        "UntagResource": Operation(write=tags.untag_resource),
        "ListTagsForResource": Operation(read=tags.list_tags),
    }
