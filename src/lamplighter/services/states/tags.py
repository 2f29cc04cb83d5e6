"""Implement the operations on tags: TagResource, UntagResource and ListTagsForResource."""

from collections.abc import Mapping

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.states.errors import ResourceNotFound, TooManyTags
from lamplighter.services.states.tables import activities, state_machines
from lamplighter.store.db import Reader, Tx

NONE: Mapping[str, str] = {}
MOST = 50
"""The most tags of a resource: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""


def read_tags(given: list[Json], old: Mapping[str, str] = NONE) -> dict[str, str]:
    """Return the old tags, updated with the tags of a request.

    Raises `ValidationError` for a tag without a key, which botocore's model allows and AWS does not.
    """
    if len(given) > MOST:
        raise TooManyTags
    for position, tag in enumerate(given, 1):
        if "key" not in tag:
            raise ValidationError(
                f"1 validation error detected: Value null at 'tags.{position}.member.key' failed to satisfy "
                "constraint: Member must not be null"
            )
    found = {**old, **{tag["key"]: tag.get("value", "") for tag in given}}
    if len(found) > MOST:
        raise TooManyTags
    return found


def _find(reader: Reader, arn: str) -> dict[str, str]:
    """Return the tags of a state machine or an activity."""
    found = state_machines.get(reader, arn) or activities.get(reader, arn)
    if found is None:
        raise ResourceNotFound(arn)
    return found.tags


def _keep(tx: Tx, arn: str, kept: dict[str, str]) -> None:
    """Store the tags in both tables; only one of them has a row with this ARN."""
    state_machines.tag(tx, arn, kept)
    activities.tag(tx, arn, kept)


def tag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Handle TagResource."""
    arn = params["resourceArn"]
    _keep(tx, arn, read_tags(params["tags"], _find(tx, arn)))
    return {}


def untag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Handle UntagResource."""
    arn = params["resourceArn"]
    _keep(tx, arn, {key: value for key, value in _find(tx, arn).items() if key not in params["tagKeys"]})
    return {}


def list_tags(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Handle ListTagsForResource."""
    found = _find(reader, params["resourceArn"])
    return {"tags": [{"key": key, "value": value} for key, value in found.items()]}
