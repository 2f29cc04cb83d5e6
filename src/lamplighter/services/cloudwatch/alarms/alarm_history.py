"""Record what happens to alarms, and list it (`DescribeAlarmHistory`).

Guarantees that an item is stored in the transaction of what it records. The items of a deleted alarm stay until they
expire. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html.
"""

from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from lamplighter.delivery.delivery import Delivery, DeliveryEnd, DeliveryOutcome
from lamplighter.operations.pages import NEWEST
from lamplighter.services.cloudwatch.alarms.alarm_settings import METRIC, alarm_kind
from lamplighter.services.cloudwatch.alarms.state_reasons import format_instant
from lamplighter.services.cloudwatch.arns import PAGES, YEAR_10000, alarm_arn, to_milliseconds
from lamplighter.services.cloudwatch.tables import alarm_history as rows
from lamplighter.services.cloudwatch.tables import alarms
from lamplighter.services.cloudwatch.tables.alarm_history import HistoryItem, HistoryQuery
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Reader, Tx

CONFIGURATION, STATE, ACTION = "ConfigurationUpdate", "StateUpdate", "Action"
RETENTION_MS = 30 * 86_400_000
"""Milliseconds for which history is kept: "CloudWatch saves alarm history for 30 days"."""
HISTORY_PAGES = replace(PAGES, default_size=100)


def describe_history(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the history of alarms, by default of metric alarms and the latest items first (`DescribeAlarmHistory`).

    No alarm has contributors, because Metrics Insights is not evaluated.
    """
    name, ascending = params.get("AlarmName"), params.get("ScanBy") == "TimestampAscending"
    query = HistoryQuery(
        alarm_arn(caller, name or ""),
        name is not None,
        [] if "AlarmContributorId" in params else params.get("AlarmTypes", [METRIC]),
        params.get("HistoryItemType"),
        to_milliseconds(params.get("StartDate", 0)),
        to_milliseconds(params.get("EndDate", YEAR_10000)),
        ascending,
    )
    first = 0 if ascending else NEWEST
    return HISTORY_PAGES.page(
        "AlarmHistoryItems", params, first, partial(rows.page, reader, query), _item, lambda item: item.id
    )


def _item(item: HistoryItem) -> Json:
    return {
        "AlarmName": item.alarm.partition(":alarm:")[2],
        "AlarmType": item.kind,
        "Timestamp": item.time / 1000,
        "HistoryItemType": item.type,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }


# --- what is recorded -------------------------------------------------------------------------------------------------


def record_state(tx: Tx, before: Alarm, alarm: Alarm) -> None:
    """Record that an alarm has changed its state."""
    data = {"version": "1.0", "oldState": _state(before), "newState": _state(alarm)}
    _add(tx, alarm, STATE, f"Alarm updated from {before.state} to {alarm.state}", data)


def record_configuration(tx: Tx, alarm: Alarm, done: str) -> None:
    """Record that an alarm was `created`, `updated` or `deleted`."""
    data = {"version": "1.0", "type": done.removesuffix("d").capitalize(), f"{done}Alarm": _configuration(alarm)}
    _add(tx, alarm, CONFIGURATION, f'Alarm "{alarm.name}" {done}', data)


def record_switch(tx: Tx, alarm: Alarm, done: str) -> None:
    """Record that the actions of an alarm were `enabled` or `disabled`."""
    _add(tx, alarm, CONFIGURATION, f'Alarm "{alarm.name}" actions {done}', {"type": "Update"})


def record_action(tx: Tx, alarm: Alarm, action: str, data: Json, error: str | None) -> None:
    """Record that an action was executed, or why it failed."""
    done = "Successfully executed" if error is None else "Failed to execute"
    state = {"actionState": "Succeeded" if error is None else "Failed", "notificationResource": action, "error": error}
    _add(tx, alarm, ACTION, f"{done} action {action}", data | state)


def record_delivery(tx: Tx, delivery: Delivery, outcome: DeliveryOutcome) -> None:
    """Record the outcome of an action's delivery, unless its alarm was deleted or cannot be read."""
    alarm = alarms.get_if_readable(tx, delivery.caller.origin)
    if alarm is None:
        return
    action = delivery.params.get("TopicArn") or delivery.params["FunctionName"]
    message = {"publishedMessage": delivery.params["Message"]} if "Message" in delivery.params else {}
    error = None if outcome.end is DeliveryEnd.DELIVERED else outcome.message
    record_action(tx, alarm, action, {"stateUpdateTimestamp": delivery.created, **message}, error)


def _add(tx: Tx, alarm: Alarm, kind: str, summary: str, data: Json) -> None:
    item = HistoryItem(0, alarm.arn, alarm_kind(alarm.body["settings"]), tx.now, kind, summary, dumps(data))
    rows.add(tx, item, tx.now - RETENTION_MS)


def _state(alarm: Alarm) -> Json:
    state = {"stateValue": alarm.state, "stateReason": alarm.body["reason"]}
    data = alarm.body["reason_data"]
    return state if data is None else state | {"stateReasonData": loads(data)}


def _configuration(alarm: Alarm) -> Json:
    """Return the settings and the state of an alarm in lower camel case."""
    return _lower(alarm.body["settings"]) | {
        "alarmArn": alarm.arn,
        "alarmConfigurationUpdatedTimestamp": format_instant(alarm.body["configured"]),
        "stateUpdatedTimestamp": format_instant(alarm.body["updated"]),
        "stateValue": alarm.state,
    }


def _lower(value: Json) -> Json:
    if isinstance(value, dict):
        return {_lower_name(name): _lower(each) for name, each in value.items()}
    return [_lower(each) for each in value] if isinstance(value, list) else value


def _lower_name(name: str) -> str:
    return "okactions" if name == "OKActions" else name[:1].lower() + name[1:]
