"""Operations that tell of alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html."""

from lamplighter.base.jsontext import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.errors import InvalidCombination
from lamplighter.services.cloudwatch.naming import END, alarm_arn, metric_of, milliseconds, number, page
from lamplighter.services.cloudwatch.settings import ACTIONS, watched
from lamplighter.store import alarms as rows
from lamplighter.store.alarms import Alarm, Item
from lamplighter.store.db import Reader

PAGE = 50
METRIC = "MetricAlarm"


def alarms(reader: Reader, caller: Caller, params: Json) -> Json:
    """DescribeAlarms"""
    names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
    if names and prefix:
        raise InvalidCombination("AlarmNames and AlarmNamePrefix cannot both be given.")
    empty: Json = {"MetricAlarms": [], "CompositeAlarms": []}
    if (
        METRIC not in params.get("AlarmTypes", [METRIC])
        or {"ChildrenOfAlarmName", "ParentsOfAlarmName"} & params.keys()
    ):
        return empty
    found = rows.every(reader, caller.account, caller.region, prefix, params.get("NextToken", ""))
    wanted = (alarm for alarm in found if _is_wanted(alarm, names, params))
    return empty | page("MetricAlarms", wanted, params.get("MaxRecords", PAGE), shown, lambda alarm: alarm.name)


def _is_wanted(alarm: Alarm, names: list[str] | None, params: Json) -> bool:
    actions = [action for field in ACTIONS for action in alarm.body["settings"][field]]
    return (
        (not names or alarm.name in names)
        and params.get("StateValue", alarm.state) == alarm.state
        and ("ActionPrefix" not in params or any(each.startswith(params["ActionPrefix"]) for each in actions))
    )


def for_metric(reader: Reader, caller: Caller, params: Json) -> Json:
    """DescribeAlarmsForMetric"""
    metric = metric_of(caller, params)

    def is_wanted(alarm: Alarm) -> bool:
        source = watched(alarm.body["settings"])
        if not source["MetricName"]:
            return False
        given = [params[name] for name in ("Statistic", "ExtendedStatistic") if name in params]
        return (
            metric_of(caller, source) == metric
            and source["Stat"] in (given or [source["Stat"]])
            and all(params.get(name, source.get(name)) == source.get(name) for name in ("Period", "Unit"))
        )

    found = rows.every(reader, caller.account, caller.region)
    return {"MetricAlarms": [shown(alarm) for alarm in found if is_wanted(alarm)]}


def shown(alarm: Alarm) -> Json:
    """An alarm as the API has it."""
    body = alarm.body
    shown = body["settings"] | {
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": body["configured"] / 1000,
        "StateValue": alarm.state,
        "StateReason": body["reason"],
        "StateUpdatedTimestamp": body["updated"] / 1000,
        "StateTransitionedTimestamp": body["transitioned"] / 1000,
    }
    return shown if body["reason_data"] is None else shown | {"StateReasonData": body["reason_data"]}


def history(reader: Reader, caller: Caller, params: Json) -> Json:
    """DescribeAlarmHistory: the latest first, unless asked otherwise."""
    if METRIC not in params.get("AlarmTypes", [METRIC]):
        return {"AlarmHistoryItems": []}
    name = params.get("AlarmName")
    wanted = rows.Wanted(
        alarm_arn(caller, name or ""),
        name is not None,
        params.get("HistoryItemType"),
        milliseconds(params.get("StartDate", 0)),
        milliseconds(params.get("EndDate", END)),
        number(params.get("NextToken")),
        params.get("ScanBy") == "TimestampAscending",
    )
    most = params.get("MaxRecords", PAGE * 2)
    found = rows.history(reader, wanted, most + 1)
    return page("AlarmHistoryItems", found, most, _item, lambda item: str(item.id))


def _item(item: Item) -> Json:
    return {
        "AlarmName": item.alarm.partition(":alarm:")[2],
        "AlarmType": METRIC,
        "Timestamp": item.time / 1000,
        "HistoryItemType": item.type,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
