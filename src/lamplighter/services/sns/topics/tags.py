"""Implement the tags of topics. See https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html."""

from dataclasses import replace

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import UPPER_CASE, TagOperations, TagRules
from lamplighter.services.sns.arns import parse_arn
from lamplighter.services.sns.errors import InvalidParameter, ResourceNotFound, TagLimitExceeded
from lamplighter.services.sns.tables import topics
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.store.db import Reader


def _check_duplicates(given: Json) -> None:
    keys = [tag["Key"] for tag in given]
    if len(set(keys)) < len(keys):
        raise InvalidParameter("Duplicated keys are not allowed.")


def _reserved(_key: str) -> InvalidParameter:
    return InvalidParameter("aws: prefixed tag key names are not allowed for external use.")


def _find(reader: Reader, _caller: Caller, arn: str) -> Topic:
    parse_arn(arn, "ResourceArn")
    return require(topics.get(reader, arn), ResourceNotFound)


RULES = TagRules(replace(UPPER_CASE, resource="ResourceArn"), TagLimitExceeded, _reserved, _check_duplicates)
OPERATIONS = TagOperations.of_rows(RULES, _find, topics.put)
