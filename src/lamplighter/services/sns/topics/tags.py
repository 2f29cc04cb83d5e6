"""Implement the tags of topics. See https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html."""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sns.arns import parse_arn
from lamplighter.services.sns.errors import InvalidParameter, ResourceNotFound, TagLimitExceeded
from lamplighter.services.sns.tables import topics
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.store.db import Reader, Tx

MOST = 50


def read_tags(given: list[Json]) -> dict[str, str]:
    """Return the tags of a request by their keys. Raises an AWS error for invalid tags."""
    keys = [tag["Key"] for tag in given]
    if len(set(keys)) < len(keys):
        raise InvalidParameter("Duplicated keys are not allowed.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise InvalidParameter("aws: prefixed tag key names are not allowed for external use.")
    if len(keys) > MOST:
        raise TagLimitExceeded
    return {tag["Key"]: tag["Value"] for tag in given}


def tag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Implement TagResource."""
    topic = _find(tx, params["ResourceArn"])
    tags = topic.tags | read_tags(params["Tags"])
    if len(tags) > MOST:
        raise TagLimitExceeded
    topics.put(tx, replace(topic, tags=tags))
    return {}


def untag(tx: Tx, _caller: Caller, params: Json) -> Json:
    """Implement UntagResource."""
    topic = _find(tx, params["ResourceArn"])
    kept = {key: value for key, value in topic.tags.items() if key not in params["TagKeys"]}
    topics.put(tx, replace(topic, tags=kept))
    return {}


def list_tags(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Implement ListTagsForResource."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _find(reader, params["ResourceArn"]).tags.items()]}


def _find(reader: Reader, arn: str) -> Topic:
    parse_arn(arn, "ResourceArn")
    found = topics.get(reader, arn)
    if found is None:
        raise ResourceNotFound
    return found
