"""Implement the tags of alarms."""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.arns import alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidParameterValue, ResourceNotFoundException
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader, Tx

MOST = 50


def tag(tx: Tx, caller: Caller, params: Json) -> Json:
    """Add tags to an alarm (`TagResource`)."""
    alarm = _find(tx, caller, params["ResourceARN"])
    rows.put(tx, replace(alarm, tags=merge_tags(alarm.tags, params["Tags"])))
    return {}


def untag(tx: Tx, caller: Caller, params: Json) -> Json:
    """Remove tags from an alarm (`UntagResource`)."""
    alarm = _find(tx, caller, params["ResourceARN"])
    kept = {key: value for key, value in alarm.tags.items() if key not in params["TagKeys"]}
    rows.put(tx, replace(alarm, tags=kept))
    return {}


def tags_of(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the tags of an alarm (`ListTagsForResource`)."""
    alarm = _find(reader, caller, params["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]}


def merge_tags(old: dict[str, str], new: Json) -> dict[str, str]:
    """Return `old` with the tags in `new` added, which take precedence; raise `InvalidParameterValue` above 50."""
    tags = old | {each["Key"]: each["Value"] for each in new or ()}
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterValue("Tag keys that begin with aws: are reserved.")
    if len(tags) > MOST:
        raise InvalidParameterValue(f"A resource can have at most {MOST} tags.")
    return tags


def _find(reader: Reader, caller: Caller, arn: str) -> Alarm:
    alarm = rows.get(reader, arn)
    if alarm is None or not arn.startswith(alarm_arn(caller, "")):
        raise ResourceNotFoundException(f"{arn} does not exist")
    return alarm
