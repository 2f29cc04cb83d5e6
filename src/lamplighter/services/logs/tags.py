"""Implement the tags of log groups: older operations name the group, newer ones use its ARN."""

from dataclasses import replace

from lamplighter.operations.tags import OBJECT, TagOperations, TagRules
from lamplighter.services.logs.arns import find_group, tagged_group
from lamplighter.services.logs.errors import TooManyTags
from lamplighter.services.logs.tables import log_groups
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Tx


def _save(tx: Tx, group: LogGroup, tags: dict[str, str]) -> None:
    log_groups.change_group(tx, group.id, "tags", tags)


RULES = TagRules(OBJECT, TooManyTags)
OPERATIONS = TagOperations(
    RULES, lambda reader, _caller, arn: tagged_group(reader, arn), lambda group: group.tags, _save
)

BY_NAME = replace(RULES, format=replace(OBJECT, resource="logGroupName", keys="tags"))
OPERATIONS_BY_NAME = TagOperations(BY_NAME, find_group, lambda group: group.tags, _save)
"""TagLogGroup, UntagLogGroup and ListTagsLogGroup."""
