"""Check a task definition by ECS's rules, and report faults in ECS's words.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html. Two rules are different
for a container without an image, which is a plain process on this machine: it needs no memory limit, and a task of such
containers may have any size.
"""

import re
from collections.abc import Collection

from lamplighter.base import deny_rules
from lamplighter.base.aws import fargate
from lamplighter.base.aws.task_definition_metadata import NETWORK_LABEL, SIZE_LABEL
from lamplighter.base.json_text import Json
from lamplighter.base.number_text import parse_decimal, parse_integer
from lamplighter.services.ecs.errors import ClientError
from lamplighter.services.ecs.lookup import RESOURCE_NAME
from lamplighter.services.ecs.task_definitions.container_rules import check_container_rules
from lamplighter.services.ecs.task_definitions.task_rules import check_task_rules

MAX_STOP_SECONDS = 120
"""The most seconds of stopTimeout ("The max stop timeout value is 120 seconds and if the parameter is not specified,
the default value of 30 seconds is used.")."""

MODES = {
    "networkMode": ("bridge", "host", "awsvpc", "none"),
    "pidMode": ("host", "task"),
    "ipcMode": ("host", "task", "none"),
}
ALL_GPUS = "all"
GPU_COUNT = re.compile(f"{ALL_GPUS}|[1-9][0-9]{{0,3}}")
"""A number of GPUs; `all` exists only on this machine."""
_NETWORK_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]*")
"""The pattern of a network's name; `container:…`, the network of a container of somebody else, does not match."""


def parse_units(text: str | None, name: str) -> int | None:
    """Return CPU units or MiB from a number, or from vCPUs or GB as ECS accepts them ("1 vCPU", ".5 vcpu", "2GB")."""
    if text is None:
        return None
    plain = str(text).strip().lower()
    suffix = {"cpu": "vcpu", "memory": "gb"}[name]
    try:
        without_suffix = plain.removesuffix(suffix)
        value = parse_integer(plain) if without_suffix == plain else round(parse_decimal(without_suffix) * 1024)
    except (ValueError, OverflowError):
        value = 0
    if value <= 0:
        raise ClientError(f"Invalid '{name}' setting for task.")
    return value


def check_definition(params: Json) -> None:
    """Raise ClientError if the definition breaks a rule."""
    if not RESOURCE_NAME.fullmatch(params.get("family") or ""):
        raise ClientError("Family contains invalid characters.")
    containers = params.get("containerDefinitions") or []
    if not containers:
        raise ClientError("Container list cannot be empty.")
    for name, values in MODES.items():
        if params.get(name) is not None and params[name] not in values:
            raise ClientError(f"Invalid '{name}' setting: {params[name]} must be one of {', '.join(values)}.")
    cpu, memory = parse_units(params.get("cpu"), "cpu"), parse_units(params.get("memory"), "memory")
    names = _containers_by_name(containers)
    if not any(container.get("essential", True) for container in containers):
        raise ClientError("A task definition must have at least one essential container.")
    _check_sizes(containers, cpu, memory)
    if not all(volume.get("name") for volume in params.get("volumes") or ()):
        raise ClientError("Volume.name should not be null or empty.")
    for container in containers:
        _check_container(container, params)
    check_task_rules(names, params.get("networkMode"))
    if "FARGATE" in (params.get("requiresCompatibilities") or ()):
        _check_fargate(params, cpu, memory)


def check_allowed(definition: Json, deny: Collection[str]) -> None:
    """Raise ClientError if a definition requests what this engine is configured to refuse."""
    reason = deny_rules.denied_reason(definition, deny)
    if reason is not None:
        raise ClientError(reason)


def fits_fargate(params: Json) -> bool:
    """Return whether Fargate accepts the definition."""
    try:
        _check_fargate(params, parse_units(params.get("cpu"), "cpu"), parse_units(params.get("memory"), "memory"))
    except ClientError:
        return False
    return True


def _containers_by_name(containers: Json) -> dict[str, Json]:
    for container in containers:
        if not container.get("name"):
            raise ClientError("Container.name should not be null or empty.")
        if not RESOURCE_NAME.fullmatch(container["name"]):
            raise ClientError("Container.name contains invalid characters.")
    names = {container["name"]: container for container in containers}
    if len(names) < len(containers):
        raise ClientError("Container names must be unique within a task definition.")
    return names


def _check_sizes(containers: Json, cpu: int | None, memory: int | None) -> None:
    for container in containers:
        limits = [container[key] for key in ("memory", "memoryReservation") if container.get(key)]
        if not limits and memory is None and container.get("image"):
            raise ClientError(
                f"Invalid setting for container '{container['name']}'. "
                "At least one of 'memory' or 'memoryReservation' must be specified."
            )
        if memory is not None and limits and max(limits) > memory:
            raise ClientError(f"The 'memory' setting for container '{container['name']}' is greater than for the task.")
    if cpu is not None and sum(container.get("cpu") or 0 for container in containers) > cpu:
        raise ClientError("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")


def _check_container(container: Json, params: Json) -> None:
    name = container["name"]
    if not 0 <= (container.get("stopTimeout") or 0) <= MAX_STOP_SECONDS:
        raise ClientError(
            f"Invalid setting for container '{name}'. 'stopTimeout' must be between 0 and {MAX_STOP_SECONDS}."
        )
    network = (container.get("dockerLabels") or {}).get(NETWORK_LABEL)
    if network is not None and not _NETWORK_NAME.fullmatch(network):
        raise ClientError(f"Invalid setting for container '{name}'. '{NETWORK_LABEL}' must name a network of Docker.")
    _check_gpus(container)
    volumes = {volume["name"] for volume in params.get("volumes") or ()}
    for mount in container.get("mountPoints") or ():
        if not mount.get("containerPath"):
            raise ClientError(f"Invalid setting for container '{name}'. A mount point needs a 'containerPath'.")
        if mount.get("sourceVolume") not in volumes:
            raise ClientError(f"Unknown volume '{mount.get('sourceVolume')}'.")
    check_container_rules(container, params)
    log = container.get("logConfiguration") or {}
    if log.get("logDriver") == "awslogs" and not {"awslogs-region", "awslogs-group"} <= set(log.get("options") or ()):
        raise ClientError("Log driver awslogs requires options: awslogs-region, awslogs-group")


def _check_gpus(container: Json) -> None:
    for each in container.get("resourceRequirements") or ():
        value = each.get("value", "")
        if each.get("type") == "GPU" and not GPU_COUNT.fullmatch(value):
            setting = f"Invalid setting for container '{container['name']}'."
            raise ClientError(f"{setting} {value} is not a number of GPUs.")


def _check_fargate(params: Json, cpu: int | None, memory: int | None) -> None:
    if params.get("networkMode") != "awsvpc":
        raise ClientError("Fargate only supports network mode ‘awsvpc’.")
    if cpu is None:
        raise ClientError("Fargate requires that 'cpu' be defined at the task level.")
    if memory is None:
        raise ClientError("Fargate requires that 'memory' be defined at the task level.")
    bound = [each for each in params["containerDefinitions"] if SIZE_LABEL not in (each.get("dockerLabels") or {})]
    if any(each.get("image") for each in bound) and not fargate.has_size(cpu, memory):
        raise ClientError(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    for container in params["containerDefinitions"]:
        if container.get("privileged"):
            raise ClientError("Fargate compatible task definitions do not support privileged containers")
