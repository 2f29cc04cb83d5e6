"""Handle the operations on tags of clusters, task definitions and tasks.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html.
"""

from collections.abc import Callable
from dataclasses import replace

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.ecs.errors import ClientError, ClusterNotFound, InvalidParameter, ResourceNotFound
from lamplighter.services.ecs.tables import clusters, task_definitions, tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Reader, Tx

MOST = 50
Tagged = Cluster | TaskDefinition | Task


def check_tags(tags: Json) -> Json:
    """Return a caller's tags; raises InvalidParameter if they are invalid."""
    given = tags or []
    for tag in given:
        if not tag.get("key"):
            raise InvalidParameter("Tag keys can't be null or empty.")
        if tag["key"].lower().startswith("aws:"):
            raise InvalidParameter("Tag keys and values starting with aws: are reserved for AWS use.")
    return merge_tags([], given)


def merge_tags(old: Json, new: Json) -> Json:
    """Add new tags to old ones, which they override; raises InvalidParameter if the result has too many."""
    values = {tag["key"]: tag.get("value", "") for tag in [*old, *new]}
    if len(values) > MOST:
        raise InvalidParameter(f"A resource can have at most {MOST} tags.")
    return [{"key": key, "value": value} for key, value in values.items()]


def tag_resource(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Handle TagResource."""
    added = check_tags(params["tags"])
    _change(tx, params["resourceArn"], lambda old: merge_tags(old, added))
    return {}


def untag_resource(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Handle UntagResource."""
    gone = set(params["tagKeys"])
    _change(tx, params["resourceArn"], lambda old: [tag for tag in old if tag["key"] not in gone])
    return {}


def list_tags(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListTagsForResource."""
    return {"tags": _find(reader, params["resourceArn"]).tags}


def _change(tx: Tx, name: str, change: Callable[[Json], Json]) -> None:
    found = _find(tx, name)
    changed = change(found.tags)
    if isinstance(found, Cluster):
        clusters.put(tx, replace(found, tags=changed))
    elif isinstance(found, TaskDefinition):
        task_definitions.put(tx, replace(found, tags=changed))
    else:
        tasks.update(tx, replace(found, tags=changed))


def _find(reader: Reader, name: str) -> Tagged:
    parsed = arn.parse(name)
    kind = parsed.resource.split("/")[0] if parsed is not None and parsed.service == "ecs" else ""
    found: Tagged | None = None
    if kind == "cluster":
        found = clusters.get(reader, name)
        if found is None:
            raise ClusterNotFound("Cluster not found.")
    elif kind == "task-definition":
        found = task_definitions.by_arn(reader, name)
    elif kind == "task":
        found = tasks.get(reader, name)
    else:
        raise InvalidParameter("Invalid ARN. The specified resource cannot be tagged.")
    if found is None:
        text = "The specified resource was not found. Specify a valid resource ARN and try again."
        raise ResourceNotFound(text) if kind == "task" else ClientError(text)
    return found
