"""Decide whether and how RunTask may launch a task, by its parameters.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html. AWS chooses among machines and zones;
here there is only this machine. Parameters by which AWS chooses are checked, stored and shown; a strategy of capacity
providers decides the launch type that a task shows.
"""

import hashlib
from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps
from lamplighter.services.ecs.errors import ClientError, InvalidParameter
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.task_definitions import validate
from lamplighter.services.ecs.task_definitions.task_rules import check_environment_files
from lamplighter.services.ecs.tasks import capacity_strategy
from lamplighter.services.ecs.tasks.capacity_strategy import ProviderType

MAX_TASKS = 10
MAX_OVERRIDE_CHARACTERS = 8192
LAUNCH_TYPES = ("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")
MAX_STARTED_BY = 128
LATEST_PLATFORM_VERSION = "1.4.0"
"""The platform version that LATEST means on Linux."""


@dataclass(frozen=True, slots=True)
class LaunchType:
    """The launch type and the capacity provider of a task, in AWS's terms."""

    type: str
    provider: str | None = None

    @property
    def is_fargate(self) -> bool:
        """True for a task without a visible container instance."""
        return self.type == "FARGATE"


def choose_launch_types(
    params: Json, cluster: Cluster, definition: TaskDefinition, provider_type: ProviderType
) -> list[LaunchType]:
    """Return how each of the tasks is launched; raises InvalidParameter or ClientError if AWS would."""
    count = params.get("count", 1)
    if not 1 <= count <= MAX_TASKS:
        raise InvalidParameter(f"Count must be between 1 and {MAX_TASKS}.")
    if definition.status != "ACTIVE":
        raise InvalidParameter("TaskDefinition is inactive")
    launches = _requested_launch_types(params, cluster, count, provider_type)
    _check_platform(params, definition, launches[0])
    _check_network(params, definition, launches[0])
    _check_overrides(params.get("overrides") or {}, definition)
    if len(params.get("startedBy") or "") > MAX_STARTED_BY:
        raise InvalidParameter(f"startedBy can have at most {MAX_STARTED_BY} characters.")
    if params.get("propagateTags") == "SERVICE":
        raise InvalidParameter("The propagateTags value SERVICE is only supported for tasks of a service.")
    return launches


def _requested_launch_types(
    params: Json, cluster: Cluster, count: int, provider_type: ProviderType
) -> list[LaunchType]:
    strategy = params.get("capacityProviderStrategy")
    if strategy and params.get("launchType"):
        raise InvalidParameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if params.get("launchType"):
        if params["launchType"] not in LAUNCH_TYPES:
            raise InvalidParameter(f"Launch type must be one of {', '.join(LAUNCH_TYPES)}.")
        return [LaunchType(params["launchType"])] * count
    if strategy:
        capacity_strategy.check_strategy(strategy, cluster.body["capacityProviders"], provider_type)
    is_default = not strategy
    strategy = strategy or cluster.body["defaultCapacityProviderStrategy"]
    if not strategy:
        return [LaunchType("EC2")] * count
    capacity_strategy.check_weights(strategy, is_default=is_default)
    return [LaunchType(provider_type(name) or "EC2", name) for name in capacity_strategy.distribute(strategy, count)]


def _check_platform(params: Json, definition: TaskDefinition, launch: LaunchType) -> None:
    if launch.is_fargate and "FARGATE" not in definition.body["compatibilities"]:
        raise InvalidParameter("Task definition does not support launch_type FARGATE.")
    if params.get("platformVersion") and not launch.is_fargate:
        raise InvalidParameter("The platform version must be null when specifying an EC2 launch type.")


def _check_network(params: Json, definition: TaskDefinition, launch: LaunchType) -> None:
    network = (params.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.body.get("networkMode") != "awsvpc":
        if network is not None:
            raise InvalidParameter(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return
    if network is None:
        raise InvalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not network.get("subnets"):
        raise InvalidParameter("subnets can not be empty.")
    if len(network["subnets"]) > 16:
        raise InvalidParameter("subnets can have at most 16 items.")
    if len(network.get("securityGroups") or ()) > 5:
        raise InvalidParameter("securityGroups can have at most 5 items.")
    if network.get("assignPublicIp") == "ENABLED" and not launch.is_fargate:
        raise InvalidParameter("Assign public IP is not supported for this launch type.")


def _check_overrides(overrides: Json, definition: TaskDefinition) -> None:
    """Check that overrides name existing containers and have at most 8192 characters of JSON."""
    if len(dumps(overrides.get("containerOverrides") or [])) > MAX_OVERRIDE_CHARACTERS:
        raise InvalidParameter(f"Container Overrides length must be at most {MAX_OVERRIDE_CHARACTERS}")
    names = {container["name"] for container in definition.body["containerDefinitions"]}
    for override in overrides.get("containerOverrides") or ():
        if override.get("name") not in names:
            raise InvalidParameter(
                f"Override for container named {override.get('name', '')} is not a container in the TaskDefinition."
            )
    try:
        check_environment_files(overrides.get("containerOverrides") or ())
    except ClientError as error:
        raise InvalidParameter(error.message) from error


def task_size(params: Json, definition: TaskDefinition) -> tuple[int | None, int | None]:
    """Return the CPU units and the MiB of the whole task; each is None if it is not stated."""
    overrides = params.get("overrides") or {}
    try:
        cpu = validate.parse_units(overrides.get("cpu", definition.body.get("cpu")), "cpu")
        memory = validate.parse_units(overrides.get("memory", definition.body.get("memory")), "memory")
    except ClientError as error:
        raise InvalidParameter(error.message) from error
    return cpu, memory


def container_needs(params: Json, definition: TaskDefinition) -> tuple[int, int]:
    """Return the CPU units and the MiB of all containers together, as their definitions and the overrides state them.

    A container needs its soft limit if it has one, as on AWS, and otherwise its hard limit.
    """
    given = (params.get("overrides") or {}).get("containerOverrides") or ()
    overrides = {each.get("name"): each for each in given}
    needs = [{**each, **overrides.get(each["name"], {})} for each in definition.body["containerDefinitions"]]
    cpu = sum(each.get("cpu") or 0 for each in needs)
    return cpu, sum(each.get("memoryReservation") or each.get("memory") or 0 for each in needs)


def container_instance_arn(cluster: str) -> str:
    """Return the ARN of this machine as a container instance of a cluster."""
    name = hashlib.sha256(cluster.encode()).hexdigest()[:32]
    return f"{cluster.replace(':cluster/', ':container-instance/', 1)}/{name}"
