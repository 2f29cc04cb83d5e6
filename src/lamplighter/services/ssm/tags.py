"""Handle the tags of parameters: AddTagsToResource, RemoveTagsFromResource and ListTagsForResource."""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.operations.tags import TagFormat, TagRules
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.names import find_parameter
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.services.ssm.tables.parameters import Parameter
from lamplighter.store.db import Reader, Tx

FORMAT = TagFormat("ResourceId", "Tags", "TagKeys", "Key", "Value")
TAG_RULES = TagRules(
    FORMAT,
    too_many=errors.TooManyTags,
    reserved=lambda _key: errors.InvalidParameter("aws: prefixed tag key names are not allowed for external use."),
)


def by_name() -> Mapping[str, Operation]:
    """Return the operations by their AWS names."""
    return {
        "AddTagsToResource": Operation(write=_add),
        "RemoveTagsFromResource": Operation(write=_remove),
        "ListTagsForResource": Operation(read=_list),
    }


def _find(reader: Reader, caller: Caller, params: Json) -> Parameter:
    if params["ResourceType"] != "Parameter":
        raise errors.InvalidResourceType
    try:
        return find_parameter(reader, caller, params["ResourceId"])
    except errors.NotFound:
        raise errors.InvalidResourceId from None


def _add(tx: Tx, caller: Caller, params: Json) -> Json:
    found = _find(tx, caller, params)
    rows.update(tx, replace(found, tags=TAG_RULES.merge(found.tags, params["Tags"])))
    return {}


def _remove(tx: Tx, caller: Caller, params: Json) -> Json:
    found = _find(tx, caller, params)
    kept = {key: value for key, value in found.tags.items() if key not in params["TagKeys"]}
    rows.update(tx, replace(found, tags=kept))
    return {}


def _list(reader: Reader, caller: Caller, params: Json) -> Json:
    return {"TagList": FORMAT.write(_find(reader, caller, params).tags)}
