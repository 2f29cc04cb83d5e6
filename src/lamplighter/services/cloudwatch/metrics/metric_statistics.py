"""Implement the operations that list metrics and return their statistics.

A query has one metric and its statistic; a query with metric math is rejected with its id. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.paging import list_page
from lamplighter.services.cloudwatch.alarms.alarm_settings import SHORT_PERIODS
from lamplighter.services.cloudwatch.arns import metric_of, metric_to_api, parse_number_token, to_milliseconds
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.metrics import aggregation
from lamplighter.services.cloudwatch.metrics.metric_sources import MetricSources, TimeRange
from lamplighter.services.cloudwatch.metrics.put_metric_data import RETENTION_MS
from lamplighter.services.cloudwatch.tables.metric_points import Metric, MetricPoint
from lamplighter.store.db import Reader

PAGE = 500
MAX_POINTS = 1_440
MAX_DATA_POINTS = 100_800
MIN_PERIOD, MAX_PERIOD = 1, 366 * 86_400
"""The shortest and the longest period, in seconds."""
RECENTLY_ACTIVE_MS = 3 * 3_600_000
"""The milliseconds that RecentlyActive PT3H stands for."""


class MetricStatistics:
    """The operations that read metrics, for one engine."""

    def __init__(self, world: World, metric_sources: MetricSources) -> None:
        self._world = world
        self._metric_sources = metric_sources

    def list_metrics(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List metrics by namespace, name and dimensions (`ListMetrics`)."""
        after = parse_number_token(params.get("NextToken")) or 0
        since = self._world.now() - (RECENTLY_ACTIVE_MS if "RecentlyActive" in params else RETENTION_MS)
        found = [each for each in self._metric_sources.list_metrics(reader, caller, since) if _is_wanted(each, params)]
        return list_page(
            "Metrics", found[after:], PAGE, metric_to_api, lambda _: str(after + PAGE), next_page_field="NextToken"
        )

    def get_statistics(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the statistics of one metric for each period (`GetMetricStatistics`)."""
        names = params.get("Statistics", []) + params.get("ExtendedStatistics", [])
        if not names:
            raise MissingParameter("Must specify either Statistics or ExtendedStatistics")
        for name in names:
            aggregation.check_statistic(name)
        span = _span(params["StartTime"], params["EndTime"], params["Period"])
        if (span.end - span.start) // span.period > MAX_POINTS:
            raise InvalidCombination(
                f"You have requested more than {MAX_POINTS} datapoints: shorten the time or lengthen the Period."
            )
        found = self._metric_sources.points(reader, metric_of(caller, params), span, params.get("Unit"))
        shown = [_datapoint(point, params) for point in found]
        return {"Label": params["MetricName"], "Datapoints": shown}

    def get_data(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return one statistic of each of several metrics (`GetMetricData`)."""
        ascending = params.get("ScanBy") == "TimestampAscending"
        wanted = [query for query in params["MetricDataQueries"] if query.get("ReturnData", True)]
        results = [self._result(reader, caller, query, params, ascending=ascending) for query in wanted]
        return {"MetricDataResults": results, "Messages": []}

    def _result(self, reader: Reader, caller: Caller, query: Json, params: Json, *, ascending: bool) -> Json:
        if "MetricStat" not in query:
            raise InvalidParameterValue(
                f"The query {query['Id']} has no MetricStat: this engine has no metric math or Metrics Insights."
            )
        stat = query["MetricStat"]
        aggregation.check_statistic(stat["Stat"])
        metric = metric_of(caller, stat["Metric"])
        span = _span(params["StartTime"], params["EndTime"], stat["Period"])
        if (span.end - span.start) // span.period > MAX_DATA_POINTS:
            raise InvalidCombination(f"You have requested more than {MAX_DATA_POINTS} datapoints.")
        found = self._metric_sources.points(reader, metric, span, stat.get("Unit"))
        known = [
            (point.time, value)
            for point in found
            if (value := aggregation.compute_statistic(point, stat["Stat"])) is not None
        ]
        ordered = known if ascending else known[::-1]
        return {
            "Id": query["Id"],
            "Label": query.get("Label", metric.name),
            "Timestamps": [time / 1000 for time, _ in ordered],
            "Values": [float(value) for _, value in ordered],
            "StatusCode": "Complete",
        }


def _span(start: float, end: float, period: int) -> TimeRange:
    """Check the period and return the time range, with its start rounded down to a period, or to an hour at most."""
    if period not in (MIN_PERIOD, *SHORT_PERIODS) and (period % 60 or not 0 < period <= MAX_PERIOD):
        raise InvalidParameterValue("The parameter Period must be 1, 10, 20, 30 or a multiple of 60 up to a year.")
    if end <= start:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    step = period * 1000
    first, last = to_milliseconds(start), to_milliseconds(end)
    first -= first % (step if period <= 3600 else 3_600_000)
    return TimeRange(first, last, step)


def _datapoint(point: MetricPoint, params: Json) -> Json:
    datapoint: Json = {"Timestamp": point.time / 1000, "Unit": point.unit}
    datapoint |= {name: float(aggregation.compute_statistic(point, name) or 0) for name in params.get("Statistics", ())}
    extended = {name: aggregation.compute_statistic(point, name) for name in params.get("ExtendedStatistics", ())}
    known = {name: value for name, value in extended.items() if value is not None}
    return datapoint | ({"ExtendedStatistics": known} if known else {})


def _is_wanted(metric: Metric, params: Json) -> bool:
    return (
        params.get("Namespace", metric.namespace) == metric.namespace
        and params.get("MetricName", metric.name) == metric.name
        and all(_has_dimension(metric, each) for each in params.get("Dimensions", ()))
    )


def _has_dimension(metric: Metric, wanted: Json) -> bool:
    return any(name == wanted["Name"] and value == wanted.get("Value", value) for name, value in metric.dimensions)
