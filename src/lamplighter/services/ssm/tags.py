"""Handle the tags of parameters: AddTagsToResource, RemoveTagsFromResource and ListTagsForResource.

See https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagFormat, TagOperations, TagRules
from lamplighter.services.ssm import errors
from lamplighter.services.ssm.names import find_parameter
from lamplighter.services.ssm.tables import parameters as rows
from lamplighter.services.ssm.tables.parameters import Parameter
from lamplighter.store.db import Reader, Tx

TAG_RULES = TagRules(
    TagFormat("ResourceId", "Tags", "TagKeys", "Key", "Value"),
    too_many=errors.TooManyTags,
    reserved=lambda _key: errors.InvalidParameter("aws: prefixed tag key names are not allowed for external use."),
)


def _find(reader: Reader, caller: Caller, name: str) -> Parameter:
    try:
        return find_parameter(reader, caller, name)
    except errors.NotFound:
        raise errors.InvalidResourceId from None


_OPERATIONS = TagOperations.of_rows(TAG_RULES, _find, rows.update)


def add_tags_to_resource(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle AddTagsToResource."""
    _check_type(params)
    return _OPERATIONS.tag(tx, caller, params)


def remove_tags_from_resource(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle RemoveTagsFromResource."""
    _check_type(params)
    return _OPERATIONS.untag(tx, caller, params)


def list_tags_for_resource(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListTagsForResource."""
    _check_type(params)
    return {"TagList": _OPERATIONS.list(reader, caller, params)["Tags"]}


def _check_type(params: Json) -> None:
    if params["ResourceType"] != "Parameter":
        raise errors.InvalidResourceType
