"""Check the settings of an alarm against AWS's limits, and fill in AWS's defaults.

The engine evaluates alarms on one metric and on metric math. Alarms on what it does not have (anomaly bands, Metrics
Insights, searches, PromQL, wall clock windows) are stored and shown, so that a stack that has some can be created. They
stay in INSUFFICIENT_DATA, and their reason says why. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
"""

from collections.abc import Sequence
from itertools import chain
from math import isfinite

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.lang.metric_math.syntax import UnsupportedFunction
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import MISSING, TREATMENTS, AlarmRule
from lamplighter.services.cloudwatch.errors import InvalidRequest
from lamplighter.services.cloudwatch.metrics.metric_queries import check_queries
from lamplighter.services.cloudwatch.metrics.periods import HOUR, SHORT_PERIODS
from lamplighter.services.cloudwatch.metrics.statistics import is_statistic, parse_range

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
SINGLE_METRIC_FIELDS = ("MetricName", "Namespace", "Period")
"""The parameters that an alarm on one metric must have."""
REQUIRED_FIELDS = ("EvaluationPeriods", "Threshold", "ComparisonOperator")
NOT_WITH_METRICS = (*SINGLE_METRIC_FIELDS, "Dimensions", "Statistic", "ExtendedStatistic", "Unit")
LIMITS = {False: ("day", 86_400), True: ("week", 604_800)}
"""How long all evaluation periods may take, in seconds: longer if each has an hour or more."""
ANOMALY_COMPARISONS = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
LOW_SAMPLE_COUNTS = ("evaluate", "ignore")
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
SUPPRESSOR_PERIODS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def check_composite_settings(params: Json) -> Json:
    """Return the settings of a composite alarm with AWS's defaults; raise an error if they are invalid."""
    kept = {name: params[name] for name in COMPOSITE_ALARM_FIELDS if name in params}
    for name in SUPPRESSOR_PERIODS:
        if ("ActionsSuppressor" in kept) != (name in kept):
            raise InvalidRequest(f"{name} must be set if, and only if, ActionsSuppressor is set.")
    return kept | {"ActionsEnabled": params.get("ActionsEnabled", True)} | _actions(params)


def _actions(params: Json) -> Json:
    kept = {name: params.get(name, []) for name in ACTION_FIELDS}
    for action in chain(*kept.values()):
        if arn.parse(action) is None:
            raise InvalidRequest(f"Invalid arn syntax: {action}")
    return kept


def is_composite(settings: Json) -> bool:
    """Return whether settings are those of a composite alarm."""
    return "AlarmRule" in settings


def alarm_kind(settings: Json) -> str:
    """Return MetricAlarm or CompositeAlarm."""
    return COMPOSITE if is_composite(settings) else METRIC


def check_settings(params: Json) -> Json:
    """Return the settings of a metric alarm with AWS's defaults; raise an error if they are invalid."""
    kept = {name: params[name] for name in METRIC_ALARM_FIELDS if name in params}
    kept |= {"ActionsEnabled": params.get("ActionsEnabled", True), "Dimensions": params.get("Dimensions", [])}
    kept |= _actions(params)
    if "EvaluationCriteria" in params:
        _check_absent(params, (*NOT_WITH_METRICS, "Metrics"), "EvaluationCriteria is set.")
    elif "Metrics" in params:
        _check_metrics(params)
        kept["Metrics"] = [{**query, "ReturnData": query.get("ReturnData", True)} for query in params["Metrics"]]
    else:
        _check_single_metric(params)
    if "Threshold" in kept:
        kept["Threshold"] = float(kept["Threshold"])
    if why_not_evaluated(kept) is None:
        _check_evaluation(kept)
    return kept


def why_not_evaluated(settings: Json) -> str | None:
    """Return why an alarm is stored but not evaluated, or None if it is evaluated."""
    unsupported = {
        "anomaly detection": "ThresholdMetricId" in settings
        or settings.get("ComparisonOperator", "") in ANOMALY_COMPARISONS,
        "others": is_composite(settings),
        "PromQL": "EvaluationCriteria" in settings,
        "wall clock windows": "WallClockWindow" in settings.get("EvaluationWindow", {}),
        "metrics that it cannot compute": "Metrics" in settings and _has_unsupported_queries(settings["Metrics"]),
    }
    found = next((name for name, holds in unsupported.items() if holds), None)
    return None if found is None else f"Unchecked: this engine stores alarms on {found} but does not evaluate them."


def _has_unsupported_queries(queries: list[Json]) -> bool:
    try:
        check_queries(queries, "Metrics")
    except UnsupportedFunction:
        return True
    return False


def is_on_one_metric(settings: Json) -> bool:
    """Return whether settings name a metric and its statistic, and not a list of metrics."""
    has_statistic = "Statistic" in settings or "ExtendedStatistic" in settings
    return has_statistic and all(name in settings for name in SINGLE_METRIC_FIELDS)


def alarm_queries(settings: Json) -> list[Json]:
    """Return what an alarm watches as queries, of which one returns the data that is evaluated; none for PromQL."""
    if not is_on_one_metric(settings):
        found: list[Json] = settings.get("Metrics", [])
        return found
    metric = {name: settings[name] for name in ("Namespace", "MetricName", "Dimensions") if name in settings}
    stat = {"Metric": metric, "Period": settings["Period"]}
    stat |= {"Stat": settings.get("Statistic") or settings["ExtendedStatistic"]}
    stat |= {"Unit": settings["Unit"]} if "Unit" in settings else {}
    return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]


def alarm_period(settings: Json) -> int:
    """Return the period of an alarm's data points in seconds: the longest one of its metrics."""
    if "Period" in settings:
        return int(settings["Period"])
    queries = settings.get("Metrics", ())
    periods = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
    return int(max([*periods, *(query["Period"] for query in queries if "Period" in query)], default=60))


def watched_metric(settings: Json) -> Json | None:
    """Return the only metric of an alarm, with Period, Stat and perhaps Unit; None if it does not watch just one."""
    queries = alarm_queries(settings)
    if len(queries) != 1 or "MetricStat" not in queries[0]:
        return None
    only = queries[0]["MetricStat"]
    if "Namespace" not in only["Metric"] or "MetricName" not in only["Metric"]:
        return None
    return {**only["Metric"], **{name: only[name] for name in ("Period", "Stat", "Unit") if name in only}}


def evaluation_rule(settings: Json) -> AlarmRule:
    """Return the rule by which data points are evaluated."""
    periods = settings["EvaluationPeriods"]
    return AlarmRule(
        settings["ComparisonOperator"],
        float(settings["Threshold"]),
        periods,
        settings.get("DatapointsToAlarm", periods),
        settings.get("TreatMissingData", MISSING),
        "DatapointsToAlarm" in settings,
    )


def _check_absent(params: Json, names: Sequence[str], reason: str) -> None:
    for name in names:
        if name in params:
            raise InvalidRequest(f"{name} should not be set if {reason}")


def _check_metrics(params: Json) -> None:
    _check_absent(params, NOT_WITH_METRICS, "list of Metrics is set.")
    queries = params["Metrics"]
    if not queries:
        raise InvalidRequest("Metrics list must not be empty.")
    returned = sum(query.get("ReturnData", True) for query in queries)
    if "ThresholdMetricId" in params:
        if params["ThresholdMetricId"] not in [query["Id"] for query in queries]:
            raise InvalidRequest("ThresholdMetricId must be the id of an element of the metrics list.")
    elif returned != 1:
        raise InvalidRequest("Exactly one element of the metrics list should return data.")


def _check_single_metric(params: Json) -> None:
    for name in SINGLE_METRIC_FIELDS:
        if name not in params:
            raise InvalidRequest(f"{name} must not be null")
    statistics = [params[name] for name in ("Statistic", "ExtendedStatistic") if name in params]
    if len(statistics) != 1:
        raise InvalidRequest("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if not is_statistic(statistics[0]):
        raise InvalidRequest(f"The value {statistics[0]} for parameter ExtendedStatistic is not supported.")
    low_samples = params.get("EvaluateLowSampleCountPercentile")
    if low_samples is not None and low_samples not in LOW_SAMPLE_COUNTS:
        raise InvalidRequest(
            f"Option {low_samples} is not supported for EvaluateLowSampleCountPercentile. "
            f"Supported options are {', '.join(LOW_SAMPLE_COUNTS)}."
        )
    wanted = parse_range(statistics[0])
    if low_samples is not None and (wanted is None or wanted.kind != "P"):
        raise InvalidRequest("EvaluateLowSampleCountPercentile is only supported for alarms on percentiles.")


def _check_evaluation(settings: Json) -> None:
    for name in REQUIRED_FIELDS:
        if name not in settings:
            raise InvalidRequest(f"{name} must not be null")
    if not isfinite(settings["Threshold"]):
        raise InvalidRequest("Threshold must be a number, and neither NaN nor Infinity.")
    treatment = settings.get("TreatMissingData", MISSING)
    if treatment not in TREATMENTS:
        raise InvalidRequest(
            f"Option {treatment} is not supported for TreatMissingData. Supported options are {', '.join(TREATMENTS)}."
        )
    _check_window(alarm_period(settings), settings)


def _check_window(period: int, settings: Json) -> None:
    if period not in SHORT_PERIODS and period % 60:
        raise InvalidRequest("Period must be 10, 20, 30 or a multiple of 60")
    periods = settings["EvaluationPeriods"]
    if settings.get("DatapointsToAlarm", periods) > periods:
        raise InvalidRequest("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    name, longest = LIMITS[period >= HOUR]
    if period * periods > longest:
        raise InvalidRequest(
            f"Metrics cannot be checked across more than a {name} (EvaluationPeriods * Period must be <= {longest})."
        )
