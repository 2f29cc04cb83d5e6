"""Implement the tags of log groups: older operations name the group, newer ones use its ARN."""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.logs.arns import find_group, tagged_group
from lamplighter.services.logs.errors import TooManyTags
from lamplighter.services.logs.tables import log_groups
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader, Tx

MOST = 50


def merge_tags(tags: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """Return `tags` with `more` added, which takes precedence; raise `TooManyTags` above 50."""
    found = tags | more
    if len(found) > MOST:
        raise TooManyTags
    return found


def _tag(tx: Tx, group: LogGroup, more: dict[str, str]) -> Json:
    log_groups.change_group(tx, group.id, "tags", merge_tags(group.tags, more))
    return {}


def _untag(tx: Tx, group: LogGroup, keys: list[str]) -> Json:
    left = {key: value for key, value in group.tags.items() if key not in keys}
    log_groups.change_group(tx, group.id, "tags", left)
    return {}


def tag_group(tx: Tx, caller: Caller, params: Json) -> Json:
    """Add tags to the group of a name (`TagLogGroup`)."""
    return _tag(tx, find_group(tx, caller, params["logGroupName"]), params["tags"])


def untag_group(tx: Tx, caller: Caller, params: Json) -> Json:
    """Remove tags from the group of a name (`UntagLogGroup`)."""
    return _untag(tx, find_group(tx, caller, params["logGroupName"]), params["tags"])


def tags_of_group(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the tags of the group of a name (`ListTagsLogGroup`)."""
    return {"tags": find_group(reader, caller, params["logGroupName"]).tags}


def tag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Add tags to the group of an ARN (`TagResource`)."""
    return _tag(tx, tagged_group(tx, params["resourceArn"]), params["tags"])


def untag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Remove tags from the group of an ARN (`UntagResource`)."""
    return _untag(tx, tagged_group(tx, params["resourceArn"]), params["tagKeys"])


def tags_of(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the tags of the group of an ARN (`ListTagsForResource`)."""
    return {"tags": tagged_group(reader, params["resourceArn"]).tags}
