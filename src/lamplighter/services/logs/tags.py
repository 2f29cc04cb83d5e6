"""Implement the tags of log groups and of other resources: older operations name the group, newer ones use ARNs."""

from dataclasses import replace

from lamplighter.operations.tags import OBJECT, TagOperations, TagRules
from lamplighter.services.logs.errors import TooManyTags
from lamplighter.services.logs.lookup import find_group, tagged_resource
from lamplighter.services.logs.tables import log_groups, resources
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Tx


def _save(tx: Tx, found: LogGroup | LogResource, tags: dict[str, str]) -> None:
    if isinstance(found, LogResource):
        resources.put(tx, replace(found, tags=tags))
    else:
        log_groups.change_group(tx, found.id, "tags", tags)


RULES = TagRules(OBJECT, TooManyTags)
OPERATIONS = TagOperations(
    RULES, lambda reader, _caller, arn: tagged_resource(reader, arn), lambda found: found.tags, _save
)

BY_NAME = replace(RULES, format=replace(OBJECT, resource="logGroupName", keys="tags"))
OPERATIONS_BY_NAME = TagOperations(BY_NAME, find_group, lambda group: group.tags, _save)
"""TagLogGroup, UntagLogGroup and ListTagsLogGroup."""
