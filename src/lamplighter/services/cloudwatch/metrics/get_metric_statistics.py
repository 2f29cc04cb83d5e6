"""Implement GetMetricStatistics: the statistics of one metric, period by period.

Values of different units are different series, so that a period has a data point for each unit. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html.
"""

from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.cloudwatch.arns import metric_of
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.metrics.get_metric_data import MAX_INLINE_POINTS
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE, MetricSources, TimeRange
from lamplighter.services.cloudwatch.metrics.periods import check_period, check_times, from_start
from lamplighter.services.cloudwatch.metrics.statistics import check_statistic, compute_statistic
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint
from lamplighter.store.db import Reader, Store

MAX_POINTS = 1_440


class MetricStatisticsReader:
    """The operation GetMetricStatistics of one engine."""

    def __init__(self, metric_sources: MetricSources, store: Store) -> None:
        self._metric_sources = metric_sources
        self._store = store

    def get_statistics(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the statistics of one metric for each period (`GetMetricStatistics`)."""
        if PREPARED in params:
            return params[PREPARED]
        return self._read_statistics(_check_request(params), caller, params, reader)

    def prepare(self, _reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Return the reading to do ahead in a thread, or None if it is short."""
        span = _check_request(params)
        if (span.end - span.start) / min(MINUTE, span.period) <= MAX_INLINE_POINTS:
            return None
        read = partial(self._read_statistics, span, caller, params)
        return lambda: Prepared(self._store.read_with_own_connection(read))

    def _read_statistics(self, span: TimeRange, caller: Caller, params: Json, reader: Reader) -> Json:
        with_values = "ExtendedStatistics" in params
        metric, unit = metric_of(caller, params), params.get("Unit")
        found = self._metric_sources.points_by_unit(reader, metric, span, unit, with_values=with_values)
        return {"Label": params["MetricName"], "Datapoints": [_datapoint(point, params) for point in found]}


def _check_request(params: Json) -> TimeRange:
    """Return the time range of a request. Raises an AwsError if the request is invalid."""
    names = params.get("Statistics", []) + params.get("ExtendedStatistics", [])
    if not names:
        raise MissingParameter("Must specify either Statistics or ExtendedStatistics")
    for name in params.get("ExtendedStatistics", ()):
        check_statistic(name)
    start, end, period = params["StartTime"], params["EndTime"], params["Period"]
    check_period(period, "Period", InvalidParameterValue)
    check_times(start, end, InvalidParameterValue)
    asked = int(-(-(end - start) // period))
    if asked > MAX_POINTS:
        raise InvalidCombination(
            f"You have requested up to {asked} datapoints, which exceeds the limit of {MAX_POINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return from_start(start, end, period)


def _datapoint(point: MetricPoint, params: Json) -> Json:
    datapoint: Json = {"Timestamp": point.time / 1000, "Unit": point.unit}
    datapoint |= {name: float(compute_statistic(point, name) or 0) for name in params.get("Statistics", ())}
    extended = {name: compute_statistic(point, name) for name in params.get("ExtendedStatistics", ())}
    known = {name: float(value) for name, value in extended.items() if value is not None}
    return datapoint | ({"ExtendedStatistics": known} if known else {})
