"""Implement the tags of alarms and dashboards.

AWS lists no tags for an alarm that does not exist (any more), and refuses to change them.
"""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.operations.tags import TagOperations
from lamplighter.services.cloudwatch.arns import alarm_arn, dashboard_arn
from lamplighter.services.cloudwatch.errors import ResourceNotFoundException
from lamplighter.services.cloudwatch.resources.dashboards import DASHBOARD, GLOBAL
from lamplighter.services.cloudwatch.resources.tag_rules import RULES
from lamplighter.services.cloudwatch.tables import alarms, monitoring_resources
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store.db import Reader, Tx


def _find(reader: Reader, caller: Caller, name: str) -> Alarm | MonitoringResource:
    found = _find_alarm(reader, caller, name) or _find_resource(reader, caller, name)
    if found is None:
        raise ResourceNotFoundException(f"{name} does not exist")
    return found


def _find_alarm(reader: Reader, caller: Caller, name: str) -> Alarm | None:
    return alarms.get(reader, name) if name.startswith(alarm_arn(caller, "")) else None


def _find_resource(reader: Reader, caller: Caller, name: str) -> MonitoringResource | None:
    parsed = arn.parse(name)
    kind, _, own_name = ("", "", "") if parsed is None else parsed.resource.partition("/")
    if kind != DASHBOARD or name != dashboard_arn(caller, own_name):
        return None
    return monitoring_resources.get(reader, kind, caller.account, GLOBAL, own_name)


def _save(tx: Tx, found: Alarm | MonitoringResource, tags: dict[str, str]) -> None:
    if isinstance(found, Alarm):
        alarms.put(tx, replace(found, tags=tags))
    else:
        monitoring_resources.put(tx, replace(found, tags=tags))


_OPERATIONS = TagOperations(RULES, _find, lambda found: found.tags, _save)


def _list(reader: Reader, caller: Caller, params: Json) -> Json:
    name = params["ResourceARN"]
    if name.startswith(alarm_arn(caller, "")) and alarms.get(reader, name) is None:
        return {"Tags": []}
    return _OPERATIONS.list(reader, caller, params)


OPERATIONS: Mapping[str, Operation] = {**_OPERATIONS.by_name(), "ListTagsForResource": Operation(read=_list)}
