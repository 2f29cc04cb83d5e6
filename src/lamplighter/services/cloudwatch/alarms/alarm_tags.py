"""Implement the tags of alarms.

AWS lists no tags for an alarm that does not exist (any more), and refuses to change them.
"""

from collections.abc import Mapping

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.operations.tags import TOO_MANY_TAGS, UPPER_CASE, TagOperations, TagRules
from lamplighter.services.cloudwatch.arns import alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidParameterValue, ResourceNotFoundException
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader

RULES = TagRules(
    UPPER_CASE,
    lambda: InvalidParameterValue(TOO_MANY_TAGS),
    lambda _key: InvalidParameterValue("Tag keys that begin with aws: are reserved."),
)


def _find(reader: Reader, caller: Caller, name: str) -> Alarm:
    found = rows.get(reader, name) if _is_alarm(caller, name) else None
    return require(found, lambda: ResourceNotFoundException(f"{name} does not exist"))


def _is_alarm(caller: Caller, name: str) -> bool:
    return name.startswith(alarm_arn(caller, ""))


_OPERATIONS = TagOperations.of_rows(RULES, _find, rows.put)


def _list(reader: Reader, caller: Caller, params: Json) -> Json:
    name = params["ResourceARN"]
    if _is_alarm(caller, name) and rows.get(reader, name) is None:
        return {"Tags": []}
    return _OPERATIONS.list(reader, caller, params)


OPERATIONS: Mapping[str, Operation] = {**_OPERATIONS.by_name(), "ListTagsForResource": Operation(read=_list)}
