"""What an alarm may be told to do, in AWS's bounds, with what AWS fills in.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html. An alarm on a list of
metrics is taken where that list is one metric without any math; other kinds are refused by name.
"""

from lamplighter.base import arn
from lamplighter.base.jsontext import Json
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.judging import COMPARISONS, MISSING, TREATMENTS, Rule
from lamplighter.services.cloudwatch.points import check_statistic

WEEK, DAY, HOUR = 604_800, 86_400, 3_600
SHORT = (10, 20, 30)
"""Periods of less than a minute, in seconds."""
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
KEPT = (
    *("AlarmName", "AlarmDescription", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions"),
    *("Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "WarmUpConfiguration", "ActionConfiguration"),
)
REFUSED = ("EvaluationCriteria", "EvaluationInterval", "ThresholdMetricId")


def checked(params: Json) -> Json:
    """The settings of an alarm, whole."""
    _check_kind(params)
    kept = {name: params[name] for name in KEPT if name in params}
    kept |= {"ActionsEnabled": params.get("ActionsEnabled", True), "Dimensions": params.get("Dimensions", [])}
    kept |= {name: params.get(name, []) for name in ACTIONS}
    for name in ACTIONS:
        _check_actions(kept[name])
    source = watched(kept)
    _check_numbers(kept, source)
    return kept


def watched(settings: Json) -> Json:
    """What an alarm looks at: Namespace, MetricName, Dimensions, Period, Stat and, where it is said, Unit."""
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


def rule(settings: Json) -> Rule:
    """What an alarm goes by."""
    periods = settings["EvaluationPeriods"]
    return Rule(
        settings["ComparisonOperator"],
        float(settings["Threshold"]),
        periods,
        settings.get("DatapointsToAlarm", periods),
        settings.get("TreatMissingData", MISSING),
    )


def _check_kind(params: Json) -> None:
    for name in REFUSED:
        if name in params:
            raise InvalidCombination(f"{name} is for alarms that this engine does not have: watch one metric.")
    if "WallClockWindow" in params.get("EvaluationWindow", {}):
        raise InvalidCombination("This engine evaluates sliding windows: leave EvaluationWindow out.")
    queries = params.get("Metrics")
    if queries is None:
        return
    if any(name in params for name in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period")):
        raise InvalidCombination("Metrics cannot be combined with MetricName, Namespace, Statistic or Period.")
    if len(queries) != 1 or "MetricStat" not in queries[0]:
        raise InvalidParameterValue(
            "Metrics must be one query with a MetricStat: this engine has no alarms on metric math or Metrics Insights."
        )


def _check_numbers(settings: Json, source: Json) -> None:
    for name, held in (("MetricName", source), ("Namespace", source), ("Period", source), ("Threshold", settings)):
        if name not in held:
            raise MissingParameter(f"The parameter {name} is required.")
    if settings.get("Statistic") and settings.get("ExtendedStatistic"):
        raise InvalidCombination("Only one of Statistic and ExtendedStatistic may be given.")
    if "Stat" not in source:
        raise MissingParameter("The parameter Statistic or ExtendedStatistic is required.")
    check_statistic(source["Stat"])
    if settings["ComparisonOperator"] not in COMPARISONS:
        raise InvalidParameterValue(
            f"{settings['ComparisonOperator']} is for anomaly detection, which this engine does not have: "
            f"use one of {', '.join(COMPARISONS)}."
        )
    if settings.get("TreatMissingData", MISSING) not in TREATMENTS:
        raise InvalidParameterValue(f"TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    _check_window(source["Period"], settings)


def _check_window(period: int, settings: Json) -> None:
    if period not in SHORT and period % 60:
        raise InvalidParameterValue("Period must be 10, 20, 30 or a multiple of 60")
    periods = settings["EvaluationPeriods"]
    if settings.get("DatapointsToAlarm", periods) > periods:
        raise InvalidCombination("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    longest = WEEK if period >= HOUR else DAY
    if period * periods > longest:
        raise InvalidCombination(
            f"Metrics cannot be checked across more than {longest} seconds: shorten EvaluationPeriods times Period"
        )


def _check_actions(actions: list[str]) -> None:
    for action in actions:
        if arn.parse(action) is None:
            raise InvalidParameterValue(f"Invalid arn syntax: {action}")
