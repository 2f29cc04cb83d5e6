"""Handle the operations on tags of clusters, capacity providers, task definitions and tasks.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html.
"""

from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import LOWER_CASE, TOO_MANY_TAGS, TagOperations, TagRules
from lamplighter.services.ecs.errors import ClientError, ClusterNotFound, InvalidParameter, ResourceNotFound
from lamplighter.services.ecs.tables import capacity_providers, clusters, task_definitions, tasks
from lamplighter.services.ecs.tables.capacity_providers import CapacityProvider
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Reader, Tx

Tagged = CapacityProvider | Cluster | TaskDefinition | Task


def _check(given: Json) -> None:
    if any(not tag.get("key") for tag in given):
        raise InvalidParameter("Tag keys can't be null or empty.")


RULES = TagRules(
    LOWER_CASE,
    lambda: InvalidParameter(TOO_MANY_TAGS),
    lambda _key: InvalidParameter("Tag keys and values starting with aws: are reserved for AWS use."),
    _check,
)
INHERITED = replace(RULES, reserved=None)
"""The rules for tags that a task gets from its task definition."""


def check_tags(given: Json) -> Json:
    """Return the tags of a new resource, as rows keep them. Raises `InvalidParameter`."""
    return LOWER_CASE.write(RULES.read(given))


def merge_tags(old: Json, new: Json) -> Json:
    """Return old tags overridden by new ones, as rows keep them. Raises `InvalidParameter` for too many."""
    return LOWER_CASE.write(INHERITED.merge(LOWER_CASE.read(old), new))


def _save(tx: Tx, found: Tagged, tags: dict[str, str]) -> None:
    changed = LOWER_CASE.write(tags)
    if isinstance(found, CapacityProvider):
        capacity_providers.put(tx, replace(found, tags=changed))
    elif isinstance(found, Cluster):
        clusters.put(tx, replace(found, tags=changed))
    elif isinstance(found, TaskDefinition):
        task_definitions.put(tx, replace(found, tags=changed))
    else:
        tasks.update(tx, replace(found, tags=changed))


def _find(reader: Reader, _caller: Caller, name: str) -> Tagged:
    parsed = arn.parse(name)
    kind = parsed.resource.split("/")[0] if parsed is not None and parsed.service == "ecs" else ""
    missing = "The specified resource was not found. Specify a valid resource ARN and try again."
    if kind == "cluster":
        return require(clusters.get(reader, name), lambda: ClusterNotFound("Cluster not found."))
    if kind == "capacity-provider":
        return require(capacity_providers.get(reader, name), lambda: ResourceNotFound(missing))
    if kind == "task-definition":
        return require(task_definitions.by_arn(reader, name), lambda: ClientError(missing))
    if kind == "task":
        return require(tasks.get(reader, name), lambda: ResourceNotFound(missing))
    raise InvalidParameter("Invalid ARN. The specified resource cannot be tagged.")


OPERATIONS = TagOperations(RULES, _find, lambda found: LOWER_CASE.read(found.tags), _save)
