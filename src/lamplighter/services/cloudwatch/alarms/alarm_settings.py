"""Check the settings of an alarm against AWS's limits, and fill in AWS's defaults.

The engine evaluates alarms on one metric. Alarms on more (metric math, anomaly bands, PromQL, wall clock windows) are
stored and shown, so that a stack that has some can be created. They stay in INSUFFICIENT_DATA, and their reason says
why. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
"""

from itertools import chain
from math import isfinite

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import MISSING, TREATMENTS, AlarmRule
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.metrics.aggregation import check_statistic, is_trimmed

REQUIRED_METRIC_FIELDS = ("MetricName", "Namespace", "Period")
REQUIRED_ALARM_FIELDS = ("Threshold", "ComparisonOperator", "EvaluationPeriods")
"""The parameters that the metric and the alarm itself must have."""
WEEK, DAY, HOUR = 604_800, 86_400, 3_600
ANOMALY_COMPARISONS = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
SHORT_PERIODS = (10, 20, 30)
"""Periods of less than a minute, in seconds."""
ACTION_FIELDS = ("OKActions", "AlarmActions", "InsufficientDataActions")
METRIC_ALARM_FIELDS = (
    *("AlarmName", "AlarmDescription", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions"),
    *("Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "WarmUpConfiguration", "ActionConfiguration"),
    *("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow"),
)
COMPOSITE_ALARM_FIELDS = (
    *("AlarmName", "AlarmDescription", "AlarmRule", "ActionConfiguration"),
    *("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"),
)


def check_composite_settings(params: Json) -> Json:
    """Return the settings of a composite alarm with AWS's defaults; raise an error if an action is invalid."""
    kept = {name: params[name] for name in COMPOSITE_ALARM_FIELDS if name in params}
    return kept | {"ActionsEnabled": params.get("ActionsEnabled", True)} | _actions(params)


def _actions(params: Json) -> Json:
    kept = {name: params.get(name, []) for name in ACTION_FIELDS}
    for action in chain(*kept.values()):
        if arn.parse(action) is None:
            raise InvalidParameterValue(f"Invalid arn syntax: {action}")
    return kept


def is_composite(settings: Json) -> bool:
    """Return whether settings are those of a composite alarm."""
    return "AlarmRule" in settings


def check_settings(params: Json) -> Json:
    """Return the settings of a metric alarm with AWS's defaults; raise an error if they are invalid."""
    single = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period")
    if "Metrics" in params and any(name in params for name in single):
        raise InvalidCombination("Metrics cannot be combined with MetricName, Namespace, Statistic or Period.")
    kept = {name: params[name] for name in METRIC_ALARM_FIELDS if name in params}
    kept |= {"ActionsEnabled": params.get("ActionsEnabled", True), "Dimensions": params.get("Dimensions", [])}
    kept |= _actions(params)
    if why_not_evaluated(kept) is None:
        _check_numbers(kept, watched_metric(kept))
    return kept


def why_not_evaluated(settings: Json) -> str | None:
    """Return why an alarm is stored but not evaluated, or None if it is evaluated."""
    queries = settings.get("Metrics")
    unsupported = {
        "metric math or Metrics Insights": queries is not None
        and (len(queries) != 1 or "MetricStat" not in queries[0]),
        "anomaly detection": "ThresholdMetricId" in settings
        or settings.get("ComparisonOperator", "") in ANOMALY_COMPARISONS,
        "others": is_composite(settings),
        "PromQL": "EvaluationCriteria" in settings,
        "wall clock windows": "WallClockWindow" in settings.get("EvaluationWindow", {}),
        "trimmed statistics": is_trimmed(settings.get("ExtendedStatistic", "")),
    }
    found = next((name for name, holds in unsupported.items() if holds), None)
    return None if found is None else f"Unchecked: this engine stores alarms on {found} but does not evaluate them."


def watched_metric(settings: Json) -> Json:
    """Return the metric of an alarm, with Period, Stat and perhaps Unit; its names are empty if it is not evaluated."""
    if why_not_evaluated(settings) is not None:
        return {"Namespace": "", "MetricName": "", "Period": settings.get("Period", 60), "Stat": ""}
    if "Metrics" not in settings:
        stat = settings.get("Statistic") or settings.get("ExtendedStatistic")
        given = {
            name: settings[name]
            for name in ("Namespace", "MetricName", "Dimensions", "Period", "Unit")
            if name in settings
        }
        return given | ({} if stat is None else {"Stat": stat})
    only = settings["Metrics"][0]["MetricStat"]
    unit = {"Unit": only["Unit"]} if "Unit" in only else {}
    return {**only["Metric"], "Period": only["Period"], "Stat": only["Stat"], **unit}


def evaluation_rule(settings: Json) -> AlarmRule:
    """Return the rule by which data points are evaluated."""
    periods = settings["EvaluationPeriods"]
    return AlarmRule(
        settings["ComparisonOperator"],
        float(settings["Threshold"]),
        periods,
        settings.get("DatapointsToAlarm", periods),
        settings.get("TreatMissingData", MISSING),
    )


def _check_numbers(settings: Json, source: Json) -> None:
    for held, names in ((source, REQUIRED_METRIC_FIELDS), (settings, REQUIRED_ALARM_FIELDS)):
        for name in names:
            if name not in held:
                raise MissingParameter(f"The parameter {name} is required.")
    if not isfinite(settings["Threshold"]):
        raise InvalidParameterValue("Threshold must be a number, and neither NaN nor Infinity.")
    if settings.get("Statistic") and settings.get("ExtendedStatistic"):
        raise InvalidCombination("Only one of Statistic and ExtendedStatistic may be given.")
    if "Stat" not in source:
        raise MissingParameter("The parameter Statistic or ExtendedStatistic is required.")
    check_statistic(source["Stat"])
    if settings.get("TreatMissingData", MISSING) not in TREATMENTS:
        raise InvalidParameterValue(f"TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    _check_window(source["Period"], settings)


def _check_window(period: int, settings: Json) -> None:
    if period not in SHORT_PERIODS and period % 60:
        raise InvalidParameterValue("Period must be 10, 20, 30 or a multiple of 60")
    periods = settings["EvaluationPeriods"]
    if settings.get("DatapointsToAlarm", periods) > periods:
        raise InvalidCombination("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    longest = WEEK if period >= HOUR else DAY
    if period * periods > longest:
        raise InvalidCombination(
            f"Metrics cannot be checked across more than {longest} seconds: shorten EvaluationPeriods times Period"
        )
