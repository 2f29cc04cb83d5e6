"""Resources of CloudWatch.

An alarm's metadata may say which job of a job file it is of, and for how many seconds it holds its peace at first:
`Metadata: {Lamplighter: {Job: …, Pattern: …, Patience: …}}`. An alarm of a kind that CloudWatch here does not have
(metric math, anomaly bands) is recorded and never rings, which the log says; so are composite alarms. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html.
"""

import logging
from collections.abc import Generator, Mapping

from lamplighter.base.jsontext import Json
from lamplighter.services.cloudformation.kinds.kind import Asked, Call, Kind, Made, Plan, gone, own, retag

ALARM = (
    *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName"),
    *("Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods"),
    *("DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile"),
    *("Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow"),
    *("WarmUpConfiguration",),
)


log = logging.getLogger("lamplighter.cloudformation")


def _is_beyond(properties: Mapping[str, Json]) -> bool:
    """Whether an alarm is of a kind that is recorded only."""
    queries = properties.get("Metrics")
    math = isinstance(queries, list) and (len(queries) != 1 or "Expression" in queries[0])
    window = properties.get("EvaluationWindow")
    statistic = str(properties.get("ExtendedStatistic", "p50"))
    return (
        math
        or any(name in properties for name in ("ThresholdMetricId", "EvaluationCriteria"))
        or (isinstance(window, dict) and "WallClockWindow" in window)
        or not statistic.startswith("p")
    )


def _put(asked: Asked, name: str) -> Generator[Call, Json, None]:
    if _is_beyond(asked.properties):
        log.warning("the alarm %s is on record but never rings: it is of a kind that this engine does not have", name)
        return
    tags = {"Tags": list(asked.tags)} if asked.tags else {}
    yield Call("monitoring", "PutMetricAlarm", {"AlarmName": name, **asked.taken(*ALARM), **tags})
    mark = own(asked)
    if mark:
        given = {each: mark.get(each) for each in ("Job", "Pattern", "Patience")}
        yield Call("monitoring", "SetMark", {"AlarmName": name, **given})


def _create_alarm(asked: Asked) -> Plan:
    yield from _put(asked, asked.name)
    return Made(asked.name, {"Arn": asked.arn("cloudwatch", f"alarm:{asked.name}")})


def _update_alarm(asked: Asked) -> Plan:
    yield from _put(asked, asked.physical)
    if _is_beyond(asked.properties):
        if not _is_beyond(asked.before):
            yield Call("monitoring", "DeleteAlarms", {"AlarmNames": [asked.physical]})
        return Made(asked.physical, asked.attributes)
    yield from retag("monitoring", asked, {"ResourceARN": asked.attributes["Arn"]}, "TagKeys")
    return Made(asked.physical, asked.attributes)


KINDS: Mapping[str, Kind] = {
    "AWS::CloudWatch::Alarm": Kind(
        _create_alarm,
        _update_alarm,
        gone(lambda asked: Call("monitoring", "DeleteAlarms", {"AlarmNames": [asked.physical]})),
        name="AlarmName",
        longest=255,
        replaces=frozenset({"AlarmName"}),
        attributes=frozenset({"Arn"}),
    ),
}
