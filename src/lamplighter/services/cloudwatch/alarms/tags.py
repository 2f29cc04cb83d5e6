"""Implement the tags of alarms."""

from dataclasses import replace

from lamplighter.bus import Caller
from lamplighter.operations.tags import TOO_MANY_TAGS, UPPER_CASE, TagOperations, TagRules
from lamplighter.services.cloudwatch.arns import alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidParameterValue, ResourceNotFoundException
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader


def _find(reader: Reader, caller: Caller, arn: str) -> Alarm:
    alarm = rows.get(reader, arn)
    if alarm is None or not arn.startswith(alarm_arn(caller, "")):
        raise ResourceNotFoundException(f"{arn} does not exist")
    return alarm


RULES = TagRules(
    UPPER_CASE,
    lambda: InvalidParameterValue(TOO_MANY_TAGS),
    lambda _key: InvalidParameterValue("Tag keys that begin with aws: are reserved."),
)
OPERATIONS = TagOperations(
    RULES, _find, lambda alarm: alarm.tags, lambda tx, alarm, tags: rows.put(tx, replace(alarm, tags=tags))
)
