"""Compose what an alarm sends to topics, Lambda functions and EventBridge.

Guarantees AWS's JSON for programs, and a text for mail, as AWS does. The text is about the job if the alarm is
annotated with a job of the job file. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.
"""

from dataclasses import dataclass

from lamplighter.base.aws.arn import Arn
from lamplighter.base.aws.service_model import DATA, read_data_file
from lamplighter.base.chat_services import TEXT_PROTOCOLS
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.runs.local_times import UTC_NAME, format_local_time
from lamplighter.runs.printable_text import to_subject
from lamplighter.services.cloudwatch.alarms.action_suppression import describe_suppression
from lamplighter.services.cloudwatch.alarms.alarm_settings import (
    alarm_period,
    alarm_queries,
    is_composite,
    is_on_one_metric,
    watched_metric,
)
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import ALARM, MISSING
from lamplighter.services.cloudwatch.alarms.state_reasons import format_instant
from lamplighter.services.cloudwatch.tables.alarms import Alarm


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An operation with its parameters."""

    service: str
    operation: str
    params: Json


def action_call(before: Alarm, alarm: Alarm, action: str, target: Arn, url: str) -> ActionCall | None:
    """Return the call that carries out an action, or None if the engine does not support the action."""
    if target.service == "sns":
        texts = {"default": dumps(_message(before, alarm)), **dict.fromkeys(TEXT_PROTOCOLS, _mail(before, alarm, url))}
        params = {"TopicArn": action, "Subject": _subject(alarm), "Message": dumps(texts), "MessageStructure": "json"}
        return ActionCall("sns", "Publish", params)
    if target.service == "lambda":
        params = {"FunctionName": action, "InvocationType": "Event", "Payload": dumps(_payload(before, alarm))}
        return ActionCall("lambda", "Invoke", params)
    return None


def _subject(alarm: Alarm) -> str:
    """Return the subject of the mail."""
    annotation = alarm.body["mark"] or {}
    if "Job" in annotation:
        return to_subject(_job_headline(alarm))
    return to_subject(f'{alarm.state}: "{alarm.name}" in {region_name(alarm.region)}')


def _message(before: Alarm, alarm: Alarm) -> Json:
    settings = alarm.body["settings"]
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": settings.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": format_instant(alarm.body["configured"]),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.body["reason"],
        "StateChangeTime": format_instant(alarm.body["updated"]),
        "Region": region_name(alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.state,
        "OKActions": settings["OKActions"],
        "AlarmActions": settings["AlarmActions"],
        "InsufficientDataActions": settings["InsufficientDataActions"],
        "ActionExecutedAfterMuteWindow": False,
    }
    if not is_composite(settings):
        return message | {"Trigger": _trigger(settings)}
    return message | {"AlarmRule": settings["AlarmRule"], "TriggeringChildren": _triggering_children(alarm)}


def _triggering_children(alarm: Alarm) -> list[Json]:
    """Return the alarms in state ALARM that a composite alarm depends on."""
    data = alarm.body["reason_data"]
    found = loads(data).get("triggeringAlarms", []) if data is not None else []
    return [
        {"Arn": each["arn"], "State": {"Value": each["state"]["value"], "Timestamp": each["state"]["timestamp"]}}
        for each in found
    ]


def _trigger(settings: Json) -> Json:
    """Return what a metric alarm watches, as its notification shows it."""
    threshold = {"Threshold": float(settings["Threshold"])} if "Threshold" in settings else {}
    counted = {name: settings[name] for name in ("EvaluationPeriods", "DatapointsToAlarm") if name in settings}
    compared = {name: settings[name] for name in ("ComparisonOperator", "ThresholdMetricId") if name in settings}
    rule = {
        "Period": alarm_period(settings),
        **counted,
        **compared,
        **threshold,
        "TreatMissingData": settings.get("TreatMissingData", MISSING),
        "EvaluateLowSampleCountPercentile": settings.get("EvaluateLowSampleCountPercentile", ""),
    }
    if not is_on_one_metric(settings):
        return rule | {"Metrics": [_trigger_query(query) for query in settings.get("Metrics", ())]}
    if "ExtendedStatistic" in settings:
        statistic = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": settings["ExtendedStatistic"]}
    else:
        statistic = {"StatisticType": "Statistic", "Statistic": settings["Statistic"].upper()}
    return {
        "MetricName": settings["MetricName"],
        "Namespace": settings["Namespace"],
        **statistic,
        "Unit": settings.get("Unit"),
        "Dimensions": _trigger_dimensions(settings),
        **rule,
    }


def _trigger_query(query: Json) -> Json:
    if "MetricStat" not in query:
        return query
    stat = query["MetricStat"]
    metric = stat["Metric"] | {"Dimensions": _trigger_dimensions(stat["Metric"])}
    return query | {"MetricStat": stat | {"Metric": metric}}


def _trigger_dimensions(metric: Json) -> list[Json]:
    return [{"value": each["Value"], "name": each["Name"]} for each in metric.get("Dimensions", ())]


def _mail(before: Alarm, alarm: Alarm, url: str) -> str:
    annotation, settings = alarm.body["mark"] or {}, alarm.body["settings"]
    if "Job" in annotation:
        return _job_mail(before, alarm, url)
    lines = [
        settings.get("AlarmDescription") or f'The alarm "{alarm.name}" is {alarm.state}.',
        "",
        f"Alarm:     {alarm.name}",
        f"State:     {before.state} -> {alarm.state}",
        f"Reason:    {alarm.body['reason']}",
        _watched_line(settings),
        f"Time:      {format_instant(alarm.body['updated'])}",
    ]
    return "\n".join(lines)


def _watched_line(settings: Json) -> str:
    """Return the line of a mail that says what an alarm watches."""
    if is_composite(settings):
        return f"Rule:      {settings['AlarmRule']}"
    source = watched_metric(settings)
    if source is None:
        expressions = [query["Expression"] for query in settings.get("Metrics", ()) if "Expression" in query]
        return f"Metric:    {'; '.join(expressions) or 'several'}"
    dimensions = ", ".join(f"{each['Name']} = {each['Value']}" for each in source.get("Dimensions", ()))
    return f"Metric:    {source['Namespace']} {source['MetricName']}" + (f" ({dimensions})" if dimensions else "")


def _job_headline(alarm: Alarm) -> str:
    """Return what an alarm of a job file says about its job: its description, which begins with the job's name."""
    job = alarm.body["mark"]["Job"]
    described = alarm.body["settings"].get("AlarmDescription") or f"{job}: the alarm {alarm.name}"
    return str(described) if alarm.state == ALARM else f"{described} (now {alarm.state})"


def _job_mail(before: Alarm, alarm: Alarm, url: str) -> str:
    annotation, source = alarm.body["mark"], watched_metric(alarm.body["settings"]) or {}
    dimensions = source.get("Dimensions", ())
    machine = next((each["Value"].rpartition(":")[2] for each in dimensions), annotation["Job"])
    lines = [
        _job_headline(alarm),
        "",
        f"Time:      {format_local_time(alarm.body['updated'], annotation.get('Zone', UTC_NAME))}",
        f"Reason:    {alarm.body['reason']}",
        f"Alarm:     {alarm.name} ({before.state} -> {alarm.state})",
        f"Project:   {machine.removesuffix('-' + annotation['Job'])}",
        f"Look at:   {url.rstrip('/')}/",
        f"Run now:   lamplighter run {machine}",
    ]
    return "\n".join(lines)


# --- for EventBridge and Lambda ---------------------------------------------------------------------------------------


def state_for_event(alarm: Alarm) -> Json:
    """Return an alarm's state as its event shows it."""
    state = {"value": alarm.state, "reason": alarm.body["reason"], "timestamp": format_instant(alarm.body["updated"])}
    state |= {} if alarm.body["reason_data"] is None else {"reasonData": alarm.body["reason_data"]}
    suppression = describe_suppression(alarm)
    return state | {name[:1].lower() + name[1:]: value for name, value in suppression.items()}


def event_configuration(alarm: Alarm) -> Json:
    """Return what an alarm watches as its event shows it."""
    settings = alarm.body["settings"]
    described = {"description": settings["AlarmDescription"]} if settings.get("AlarmDescription") else {}
    if is_composite(settings):
        suppressor = {"actionsSuppressor": settings["ActionsSuppressor"]} if "ActionsSuppressor" in settings else {}
        return {"alarmRule": settings["AlarmRule"]} | suppressor | described
    if not alarm_queries(settings):
        return described
    return {"metrics": [_event_query(query) for query in alarm_queries(settings)]} | described


def _event_query(query: Json) -> Json:
    shown = {"id": query["Id"]}
    if "MetricStat" in query:
        given = query["MetricStat"]
        metric = {
            "namespace": given["Metric"].get("Namespace"),
            "name": given["Metric"].get("MetricName"),
            "dimensions": {each["Name"]: each["Value"] for each in given["Metric"].get("Dimensions", ())},
        }
        stat = {"metric": metric, "period": given["Period"], "stat": given["Stat"]}
        shown |= {"metricStat": stat | ({"unit": given["Unit"]} if "Unit" in given else {})}
    fields = (("expression", "Expression"), ("label", "Label"), ("period", "Period"))
    shown |= {field: query[name] for field, name in fields if name in query}
    return shown | {"returnData": query.get("ReturnData", True)}


def event_detail(before: Alarm, alarm: Alarm) -> Json:
    """Return the detail of an alarm's event: the new state, the previous state and the configuration."""
    return {
        "alarmName": alarm.name,
        "state": state_for_event(alarm),
        "previousState": state_for_event(before),
        "configuration": event_configuration(alarm),
    }


def _payload(before: Alarm, alarm: Alarm) -> Json:
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": alarm.account,
        "time": format_instant(alarm.body["updated"]),
        "region": alarm.region,
        "alarmData": event_detail(before, alarm),
    }


def region_name(code: str) -> str:
    """Return the name of a region that alarms use, such as US East (N. Virginia)."""
    partitions = read_data_file(DATA / "partitions")["partitions"]
    found: Json = next((each["regions"][code] for each in partitions if code in each["regions"]), {})
    return str(found.get("description", code))
