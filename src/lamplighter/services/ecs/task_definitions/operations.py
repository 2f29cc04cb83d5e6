"""Handle the operations on task definitions, which describe tasks in numbered revisions.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definitions.html. The description in a revision
never changes. A deleted revision stays DELETE_IN_PROGRESS and can be described, because tasks may still run from it.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.bus import Caller
from lamplighter.services.ecs import lookup, tags
from lamplighter.services.ecs.errors import ClientError, InvalidParameter
from lamplighter.services.ecs.tables import task_definitions
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.task_definitions import validate
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import ecs as aws

STORED_FIELDS = (
    "taskRoleArn", "executionRoleArn", "networkMode", "pidMode", "ipcMode", "proxyConfiguration",
    "inferenceAccelerators", "ephemeralStorage", "runtimePlatform", "requiresCompatibilities", "enableFaultInjection",
    "trustedExecutionConfiguration",
)  # fmt: skip
"""Parameters of RegisterTaskDefinition that are shown as the caller gave them."""
_TIME_FIELDS = ("registeredAt", "deregisteredAt", "deleteRequestedAt")
_CONTAINER_DEFAULTS: Json = {
    "cpu": 0, "portMappings": [], "essential": True, "environment": [], "mountPoints": [], "volumesFrom": [],
    "systemControls": [],
}  # fmt: skip
"""The values that ECS shows for members that a container does not have."""
_HEALTH_CHECK_DEFAULTS: Json = {"interval": 30, "timeout": 5, "retries": 3}
MAX_DEFINITION_BYTES = 65_536
"""The most bytes in a definition: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html."""
MAX_DELETED = 10


def register_definition(
    deny: Collection[str], tx: Tx, caller: Caller, params: "aws.RegisterTaskDefinitionInput"
) -> "aws.RegisterTaskDefinitionOutput":
    """Handle RegisterTaskDefinition; `deny` lists what a definition must not request."""
    _check_size(params)
    validate.check_definition(params)
    validate.check_allowed(params, deny)
    owner, family = lookup.owner_key(caller), params["family"]
    revision = task_definitions.next_revision(tx, owner, family)
    arn = lookup.resource_arn(caller, f"task-definition/{family}:{revision}")
    body = _body(params, caller, arn, revision, tx.now)
    definition = TaskDefinition(arn, owner, family, revision, "ACTIVE", body, tags.check_tags(params.get("tags")))
    task_definitions.put(tx, definition)
    return {"taskDefinition": definition_to_api(definition), "tags": definition.tags}


def _check_size(params: Json) -> None:
    length = len(dump_bytes(params))
    if length > MAX_DEFINITION_BYTES:
        raise ClientError(f"Actual length: '{length}'. Max allowed length is '{MAX_DEFINITION_BYTES}' bytes.")


def _body(params: Json, caller: Caller, arn: str, revision: int, now: int) -> Json:
    sizes = {
        name: str(validate.parse_units(params[name], name))
        for name in ("cpu", "memory")
        if params.get(name) is not None
    }
    mode = params.get("networkMode")
    return {
        "taskDefinitionArn": arn,
        "containerDefinitions": [_container(each, mode) for each in params["containerDefinitions"]],
        "family": params["family"],
        "revision": revision,
        "volumes": params.get("volumes") or [],
        "requiresAttributes": _attributes(params),
        "placementConstraints": params.get("placementConstraints") or [],
        "compatibilities": ["EC2", "FARGATE"] if validate.fits_fargate(params) else ["EC2"],
        **{key: params[key] for key in STORED_FIELDS if params.get(key) is not None},
        **sizes,
        "registeredAt": now,
        "registeredBy": f"arn:aws:iam::{caller.account}:root",
    }


def _container(given: Json, mode: str | None) -> Json:
    """Return a container definition with the defaults that ECS shows."""
    shown = _CONTAINER_DEFAULTS | given
    shown["portMappings"] = [_port_mapping(each, mode) for each in shown["portMappings"] or ()]
    if given.get("healthCheck"):
        shown["healthCheck"] = _HEALTH_CHECK_DEFAULTS | given["healthCheck"]
    return shown


def _port_mapping(given: Json, mode: str | None) -> Json:
    protocol = given.get("protocol") or "tcp"
    if given.get("containerPortRange"):
        return given | {"protocol": protocol}
    default = given["containerPort"] if mode in ("awsvpc", "host") else 0
    return given | {"hostPort": given.get("hostPort") or default, "protocol": protocol}


def _attributes(params: Json) -> Json:
    network = ["ecs.capability.task-eni"] if params.get("networkMode") == "awsvpc" else []
    return [{"name": name} for name in ("com.amazonaws.ecs.capability.docker-remote-api.1.18", *network)]


def describe_definition(reader: Reader, caller: Caller, params: "aws.DescribeTaskDefinitionInput") -> Json:
    """Handle DescribeTaskDefinition."""
    found = _find(reader, caller, params)
    answer: Json = {"taskDefinition": definition_to_api(found)}
    if "TAGS" in (params.get("include") or ()):
        answer["tags"] = found.tags
    return answer


def deregister_definition(
    tx: Tx, caller: Caller, params: "aws.DeregisterTaskDefinitionInput"
) -> "aws.DeregisterTaskDefinitionOutput":
    """Handle DeregisterTaskDefinition: running tasks continue, new ones are refused."""
    if not _names_revision(params["taskDefinition"]):
        raise ClientError("Revision is missing.")
    found = _find(tx, caller, params)
    if found.status == "ACTIVE":
        found = replace(found, status="INACTIVE", body=found.body | {"deregisteredAt": tx.now})
        task_definitions.put(tx, found)
    return {"taskDefinition": definition_to_api(found)}


def delete_definitions(tx: Tx, caller: Caller, params: "aws.DeleteTaskDefinitionsInput") -> Json:
    """Handle DeleteTaskDefinitions."""
    if not 1 <= len(params["taskDefinitions"]) <= MAX_DELETED:
        raise InvalidParameter(f"Specify between 1 and {MAX_DELETED} task definitions.")
    deleted, failures = [], []
    for reference in params["taskDefinitions"]:
        found = lookup.find_definition(tx, caller, reference) if _names_revision(reference) else None
        refusal = _refusal(reference, found)
        if found is None or refusal is not None:
            failures.append({"arn": found.arn if found else reference, "reason": refusal})
            continue
        deleting = replace(found, status="DELETE_IN_PROGRESS", body=found.body | {"deleteRequestedAt": tx.now})
        task_definitions.put(tx, deleting)
        deleted.append(definition_to_api(deleting))
    return {"taskDefinitions": deleted, "failures": failures}


def _find(reader: Reader, caller: Caller, params: Json) -> TaskDefinition:
    found = lookup.find_definition(reader, caller, params["taskDefinition"])
    return require(found, lambda: ClientError("Unable to describe task definition."))


def _refusal(reference: str, found: TaskDefinition | None) -> str | None:
    if not _names_revision(reference):
        return "The specified task definition identifier is invalid. Specify a valid name or ARN and try again."
    if found is None:
        return "The specified task definition does not exist. Specify a valid account, family, revision and try again."
    if found.status == "ACTIVE":
        return "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
    return None


def _names_revision(reference: str) -> bool:
    return ":" in reference.rpartition("/")[2]


def list_revisions(reader: Reader, caller: Caller, params: "aws.ListTaskDefinitionsInput") -> Json:
    """Handle ListTaskDefinitions; familyPrefix, despite its name, is the complete family."""
    family, status = params.get("familyPrefix"), params.get("status", "ACTIVE")

    def read(after: list[Json], most: int) -> list[tuple[str, str, int]]:
        place, descending = (after[0], after[1]) if after[0] else None, params.get("sort") == "DESC"
        owner = lookup.owner_key(caller)
        return task_definitions.page(reader, owner, family, status, place, most, descending=descending)

    return lookup.PAGES.page(
        "taskDefinitionArns", params, ["", 0], read, lambda item: item[0], lambda item: [*item[1:]]
    )


def list_families(reader: Reader, caller: Caller, params: "aws.ListTaskDefinitionFamiliesInput") -> Json:
    """Handle ListTaskDefinitionFamilies."""
    prefix, status = params.get("familyPrefix", ""), params.get("status", "ALL")
    if status not in ("ACTIVE", "INACTIVE", "ALL"):
        raise InvalidParameter("Status must be one of ACTIVE, INACTIVE, ALL.")
    read = partial(task_definitions.families, reader, lookup.owner_key(caller), prefix, status)
    return lookup.PAGES.page("families", params, "", read, str, str)


def definition_to_api(definition: TaskDefinition) -> Json:
    """Return a definition in the API's form."""
    times = {name: definition.body[name] / 1000 for name in _TIME_FIELDS if name in definition.body}
    return definition.body | times | {"status": definition.status}
