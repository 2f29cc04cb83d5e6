"""Decide for how many tasks the ports of this machine suffice that their definition takes.

ECS places no second task with the same `hostPort` on a machine: RunTask then has the failure RESOURCE:PORTS. Ports that
other programs use are not known here; a container that needs one cannot start.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html.
"""

from lamplighter.services.ecs.tables import task_definitions, tasks
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tasks.containers.container_network import static_ports
from lamplighter.store.db import Reader


def tasks_with_ports(reader: Reader, definition: TaskDefinition, count: int) -> int:
    """Return how many of `count` tasks of a definition get their ports; a task without such ports always does."""
    if not any(container.get("portMappings") for container in definition.body["containerDefinitions"]):
        return count
    wanted = static_ports(definition.body)
    if not wanted:
        return count
    for arn in tasks.used_definitions(reader):
        other = task_definitions.by_arn(reader, arn)
        if other is not None and wanted & static_ports(other.body):
            return 0
    return 1
