"""Implement the tags of state machines and activities.

See https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#concepts-tagging.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import LOWER_CASE, MAX_TAGS, TagOperations, TagRules
from lamplighter.services.states.errors import ResourceNotFound, TooManyTags
from lamplighter.services.states.tables import activities, state_machines
from lamplighter.services.states.tables.activities import Activity
from lamplighter.services.states.tables.state_machines import StateMachine
from lamplighter.store.db import Reader, Tx


def _check(given: Json) -> None:
    """Reject a tag without a key, which botocore's model allows and AWS does not."""
    if len(given) > MAX_TAGS:
        raise TooManyTags
    for position, tag in enumerate(given, 1):
        if "key" not in tag:
            raise ValidationError(
                f"1 validation error detected: Value null at 'tags.{position}.member.key' failed to satisfy "
                "constraint: Member must not be null"
            )


def _find(reader: Reader, _caller: Caller, arn: str) -> StateMachine | Activity:
    found = state_machines.get(reader, arn) or activities.get(reader, arn)
    if found is None:
        raise ResourceNotFound(arn)
    return found


def _save(tx: Tx, found: StateMachine | Activity, tags: dict[str, str]) -> None:
    table = state_machines if isinstance(found, StateMachine) else activities
    table.tag(tx, found.arn, tags)


RULES = TagRules(LOWER_CASE, TooManyTags, check=_check)
OPERATIONS = TagOperations(RULES, _find, lambda found: found.tags, _save)
