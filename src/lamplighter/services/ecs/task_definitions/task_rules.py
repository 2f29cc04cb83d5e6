"""Check what the containers of a task say about each other, and what they may only have once or a few times together.

Where AWS's words are known, the faults have them.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.errors import ClientError
from lamplighter.services.ecs.task_definitions.container_rules import container_fault

MAX_CONTAINERS, MAX_ENVIRONMENT_FILES = 10, 10
OBJECT_ARN = re.compile(r"arn:[a-z-]+:s3:::([^/]+)/(.+)", re.DOTALL)
"""The ARN of an object in S3: its bucket and its key."""


def check_task_rules(containers: Mapping[str, Json], mode: str | None) -> None:
    """Raise ClientError if the containers of a task, which `containers` has by their names, break a rule together."""
    if len(containers) > MAX_CONTAINERS:
        raise ClientError("Too many containers.")
    for container in containers.values():
        _check_dependencies(container, containers)
        _check_volumes_from(container, containers)
    check_links(containers)
    _check_circular_dependencies(containers)
    _check_host_ports([*containers.values()], mode)
    check_environment_files([*containers.values()])


def linked_names(container: Json) -> list[str]:
    """Return the names of the containers to which one is linked: `name` or `name:alias` in its definition."""
    return [link.partition(":")[0] for link in container.get("links") or ()]


def has_health_check(container: Json) -> bool:
    """Return whether the health of a container is checked; the command NONE says that it is not."""
    command = (container.get("healthCheck") or {}).get("command") or ("NONE",)
    return bool(command[0] != "NONE")


def check_links(containers: Mapping[str, Json]) -> None:
    """Raise ClientError if containers are linked to unknown containers or in a circle."""
    links = {name: set(linked_names(each)) for name, each in containers.items()}
    for name, others in links.items():
        for other in sorted(others - containers.keys()):
            why = f"It is linked to container '{other}', which is not a container of the task."
            raise container_fault({"name": name}, why)
    if _has_circle(links):
        raise ClientError("Container links should not have a cycle")


def check_environment_files(containers: Sequence[Json]) -> None:
    """Raise ClientError if containers, or the overrides of containers, name wrong or too many environment files."""
    named = [(container, file["value"]) for container in containers for file in container.get("environmentFiles") or ()]
    if len(named) > MAX_ENVIRONMENT_FILES:
        raise ClientError(f"A task can have at most {MAX_ENVIRONMENT_FILES} environment files.")
    for container, file in named:
        if not OBJECT_ARN.fullmatch(file) or not file.endswith(".env"):
            why = "An environment file must be the ARN of an object in S3 that ends with .env."
            raise container_fault(container, why)


def _check_dependencies(container: Json, containers: Mapping[str, Json]) -> None:
    for dependency in container.get("dependsOn") or ():
        target = containers.get(dependency["containerName"])
        if target is None or target is container:
            name = dependency["containerName"]
            why = f"It depends on container '{name}', which is not another container of the task."
            raise container_fault(container, why)
        if dependency["condition"] in ("COMPLETE", "SUCCESS") and target.get("essential", True):
            raise ClientError(
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
            )
        if dependency["condition"] == "HEALTHY" and not has_health_check(target):
            raise ClientError("A dependency container with HEALTHY condition must have a health check configured")


def _check_volumes_from(container: Json, containers: Mapping[str, Json]) -> None:
    for other in container.get("volumesFrom") or ():
        name = other.get("sourceContainer")
        if name not in containers or name == container["name"]:
            why = f"Its volumes are from '{name}', which is no other container of the task."
            raise container_fault(container, why)


def _check_circular_dependencies(containers: Mapping[str, Json]) -> None:
    """Raise ClientError if containers wait for each other in a circle; one waits for those to which it is linked."""
    needs = {
        name: {*linked_names(each), *(other["containerName"] for other in each.get("dependsOn") or ())}
        for name, each in containers.items()
    }
    if _has_circle(needs):
        raise ClientError("Container dependencies must not be circular.")


def _has_circle(needs: Mapping[str, set[str]]) -> bool:
    """Remove the names whose needs are all removed; those that remain form a circle."""
    remaining = dict(needs)
    while ready := [name for name, others in remaining.items() if not others & remaining.keys()]:
        for name in ready:
            del remaining[name]
    return bool(remaining)


def _check_host_ports(containers: Sequence[Json], mode: str | None) -> None:
    """Raise ClientError if two mappings name the same port of the machine, which is that of the container with host."""
    mappings = [port for container in containers for port in container.get("portMappings") or ()]
    default = "containerPort" if mode == "host" else "hostPort"
    ports = Counter(
        ((port.get("protocol") or "tcp").upper(), port.get("hostPort") or port.get(default)) for port in mappings
    )
    for (protocol, number), count in ports.items():
        if number and count > 1:
            raise ClientError(f"{protocol} host port '{number}' is mapped multiple times in task.")
