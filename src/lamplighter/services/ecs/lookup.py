"""Build and resolve the names of ECS's resources; a caller may give a short name or an ARN."""

import re

from lamplighter.base.aws import arn
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.ecs.errors import InvalidParameter
from lamplighter.services.ecs.tables import clusters, task_definitions
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.store.db import Reader

PAGES = Pages(
    lambda: InvalidParameter("Invalid token."),
    "nextToken",
    "maxResults",
    wrong_size=lambda largest: InvalidParameter(f"maxResults must be between 1 and {largest}"),
)
DEFAULT = "default"
"""The cluster of a request that names none."""

RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""Clusters, families and containers ("Up to 255 letters (…), numbers, underscores, and hyphens are allowed.")."""

_REVISION = re.compile(r"(?P<family>[A-Za-z0-9_-]{1,255})(?::(?P<revision>[0-9]{1,9}))?")


def owner_key(caller: Caller) -> str:
    """Return the key that separates the resources of one account and region from those of others."""
    return f"{caller.account}/{caller.region}"


def resource_arn(caller: Caller, resource: str) -> str:
    """Return the ARN of a resource in the caller's account and region."""
    return arn.build("ecs", caller.region, caller.account, resource)


def cluster_arn(caller: Caller, reference: str | None) -> str:
    """Return the ARN of a cluster, which is given by its name or ARN."""
    name = reference or DEFAULT
    return name if name.startswith("arn:") else resource_arn(caller, f"cluster/{name}")


def is_cluster_active(reader: Reader, cluster: str) -> bool:
    """Return whether a cluster exists and was not deleted."""
    found = clusters.get(reader, cluster)
    return found is not None and found.status == "ACTIVE"


def task_arn(cluster: str, reference: str) -> str:
    """Return the ARN of a task, which is given by its id or ARN; raises InvalidParameter for other references."""
    if reference.startswith("arn:"):
        return reference
    name = reference.rpartition("/")[2]
    if len(name) not in (32, 36):
        raise InvalidParameter("taskId length should be one of [32,36]")
    return f"{cluster.replace(':cluster/', ':task/', 1)}/{name}"


def find_definition(reader: Reader, caller: Caller, reference: str) -> TaskDefinition | None:
    """Return a task definition by family (its latest active revision), family:revision or ARN, or None."""
    owner, text = owner_key(caller), reference
    if reference.startswith("arn:"):
        found = arn.parse(reference)
        if found is None or found.service != "ecs" or not found.resource.startswith("task-definition/"):
            return None
        owner, text = owner_key(Caller(found.account, found.region)), found.resource.removeprefix("task-definition/")
    match = _REVISION.fullmatch(text)
    if match is None:
        return None
    if match["revision"] is None:
        return task_definitions.latest(reader, owner, match["family"])
    return task_definitions.get(reader, owner, match["family"], int(match["revision"]))
