"""Implement the operations that list alarms.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.alarms.action_suppression import describe_suppression
from lamplighter.services.cloudwatch.alarms.alarm_settings import ACTION_FIELDS, COMPOSITE, METRIC, alarm_kind
from lamplighter.services.cloudwatch.arns import PAGES, alarm_arn
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidRequest
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader

RELATIONS = {
    "ChildrenOfAlarmName": ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"),
    "ParentsOfAlarmName": ("AlarmName", "AlarmArn"),
}
"""What is returned of the alarms to which another alarm refers, or which refer to it; their types do not matter."""


def describe_alarms(reader: Reader, caller: Caller, params: Json) -> Json:
    """List alarms by name, type, state, actions, or dependency on another alarm (`DescribeAlarms`)."""
    names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
    if names and prefix:
        raise InvalidCombination("AlarmNames and AlarmNamePrefix cannot both be given.")
    relation = _relation(params)
    related = _related(reader, caller, params)
    owner = (caller.account, caller.region)

    def read(after: str, _most: int) -> Iterator[Alarm]:
        found = (
            rows.get_by_names(reader, *owner, names, after)
            if names
            else rows.list_alarms(reader, *owner, after=after, prefix=prefix)
        )
        for alarm in found:
            if _is_wanted(alarm, params) if related is None else alarm_arn(caller, alarm.name) in related:
                yield alarm

    listed, more = PAGES.cut(params, "", read, lambda alarm: alarm.name)
    shown = {
        kind: [alarm_to_api(alarm) for alarm in listed if alarm_kind(alarm.body["settings"]) == kind]
        for kind in (METRIC, COMPOSITE)
    }
    members = RELATIONS.get(relation)
    by_kind = {
        kind: [{name: each[name] for name in members or each} for each in alarms] for kind, alarms in shown.items()
    }
    return more | {"MetricAlarms": by_kind[METRIC], "CompositeAlarms": by_kind[COMPOSITE]}


def _relation(params: Json) -> str:
    """Return the parameter that names an alarm whose children or parents are wanted; empty if there is none.

    "If you do so [specify any other parameters], you receive a validation error".
    """
    for name in RELATIONS:
        if name in params:
            if params.keys() - {name, "MaxRecords", "NextToken"}:
                raise InvalidRequest(f"{name} can be combined only with MaxRecords and NextToken.")
            return name
    return ""


def _related(reader: Reader, caller: Caller, params: Json) -> set[str] | None:
    """Return the ARNs of a given alarm's children or parents, or None if the request names no such alarm."""
    if name := params.get("ChildrenOfAlarmName"):
        return set(rows.children(reader, alarm_arn(caller, name)))
    if name := params.get("ParentsOfAlarmName"):
        return set(rows.parents(reader, alarm_arn(caller, name)))
    return None


def _is_wanted(alarm: Alarm, params: Json) -> bool:
    actions = [action for field in ACTION_FIELDS for action in alarm.body["settings"][field]]
    return (
        alarm_kind(alarm.body["settings"]) in params.get("AlarmTypes", [METRIC])
        and params.get("StateValue", alarm.state) == alarm.state
        and ("ActionPrefix" not in params or any(each.startswith(params["ActionPrefix"]) for each in actions))
    )


def alarm_to_api(alarm: Alarm) -> Json:
    """Return an alarm as the API shows it."""
    body = alarm.body
    threshold = {"Threshold": float(body["settings"]["Threshold"])} if "Threshold" in body["settings"] else {}
    shown = (
        body["settings"]
        | threshold
        | {
            "AlarmArn": alarm.arn,
            "AlarmConfigurationUpdatedTimestamp": body["configured"] / 1000,
            "StateValue": alarm.state,
            "StateReason": body["reason"],
            "StateUpdatedTimestamp": body["updated"] / 1000,
            "StateTransitionedTimestamp": body["transitioned"] / 1000,
        }
    )
    shown |= {} if body["reason_data"] is None else {"StateReasonData": body["reason_data"]}
    return shown | describe_suppression(alarm)
