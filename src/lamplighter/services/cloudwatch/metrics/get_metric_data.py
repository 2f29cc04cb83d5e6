"""Implement GetMetricData: the values of metrics and expressions, in pages of data points.

A result that a page does not complete has the status PartialData; the token leads to its next values. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.lang.metric_math.syntax import UnsupportedFunction
from lamplighter.lang.metric_math.values import Series
from lamplighter.services.cloudwatch.arns import PAGES
from lamplighter.services.cloudwatch.errors import InvalidRequest
from lamplighter.services.cloudwatch.metrics.labels import derive_labels
from lamplighter.services.cloudwatch.metrics.metric_queries import MetricQueries, check_queries, run_queries
from lamplighter.services.cloudwatch.metrics.metric_sources import MetricSources
from lamplighter.services.cloudwatch.metrics.periods import check_times, on_whole_periods
from lamplighter.store.db import Reader, Store

MAX_DATA_POINTS = 100_800
MAX_INLINE_POINTS = 1_500
"""The most stored points that are read on the event loop: about 5 ms, and 30 ms if percentiles need their values."""


@dataclass(frozen=True, slots=True)
class _Result:
    """A whole result, before it is cut into pages."""

    id: str
    label: str
    points: list[tuple[int, float]]
    """In the order of the request."""


class MetricDataReader:
    """The operation GetMetricData of one engine."""

    def __init__(self, metric_sources: MetricSources, store: Store) -> None:
        self._metric_sources = metric_sources
        self._store = store

    def get_data(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the values of metrics and expressions (`GetMetricData`)."""
        if PREPARED in params:
            return params[PREPARED]
        return self._read_data(_check_request(params), caller, params, reader)

    def prepare(self, _reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Return the reading to do ahead in a thread, or None if it is short."""
        queries = _check_request(params)
        if not _is_long(queries, params["EndTime"] - params["StartTime"]):
            return None
        read = partial(self._read_data, queries, caller, params)
        return lambda: Prepared(self._store.read_with_own_connection(read))

    def _read_data(self, queries: MetricQueries, caller: Caller, params: Json, reader: Reader) -> Json:
        given, start, end = params["MetricDataQueries"], params["StartTime"], params["EndTime"]
        returned = {query["Id"] for query in given if query.get("ReturnData", True)}
        found = run_queries(
            self._metric_sources,
            reader,
            caller,
            queries,
            lambda period: on_whole_periods(start, end, period),
            returned,
        )
        results = [
            result
            for query in _labelled(params, returned)
            for result in _results(query, found[query["Id"]].series, params)
        ]
        return _page(results, params)


def _labelled(params: Json, returned: set[str]) -> Iterator[Json]:
    """Yield the queries whose data is returned, with their labels."""
    wanted = [query for query in params["MetricDataQueries"] if query["Id"] in returned]
    derived = derive_labels(wanted)
    for query in wanted:
        yield {"Label": derived.get(query["Id"], query["Id"])} | query


def _results(query: Json, series: tuple[Series, ...], params: Json) -> Iterator[_Result]:
    descending = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    for each in series:
        points = list(each.points.items())
        label = f"{query['Label']} {each.label}".strip() if len(series) > 1 else query["Label"]
        yield _Result(query["Id"], label, points[::-1] if descending else points)


def _check_request(params: Json) -> MetricQueries:
    """Return the queries of a request. Raises `InvalidRequest`."""
    check_times(params["StartTime"], params["EndTime"], InvalidRequest)
    try:
        queries = check_queries(params["MetricDataQueries"])
    except UnsupportedFunction as error:
        raise InvalidRequest(str(error)) from None
    _check_size(queries, params["StartTime"], params["EndTime"])
    return queries


def _is_long(queries: MetricQueries, seconds: float) -> bool:
    """Return whether the answer may take more than a few milliseconds."""
    # An expression may compute with every metric, and METRICS() makes it do so without naming them.
    points = seconds / min(60, queries.shortest_period) * len(queries.metrics) * (1 + len(queries.expressions))
    return points > MAX_INLINE_POINTS


def _check_size(queries: MetricQueries, start: float, end: float) -> None:
    spans = [on_whole_periods(start, end, query["MetricStat"]["Period"]) for query in queries.metrics.values()]
    spans += [on_whole_periods(start, end, period) for period in queries.periods.values()]
    spans += [on_whole_periods(start, end, queries.shortest_period)] if not spans else []
    most = max(-(-(span.end - span.start) // span.period) for span in spans)
    if most > MAX_DATA_POINTS:
        raise InvalidRequest(
            f"You have requested up to {most} datapoints, which exceeds the limit of {MAX_DATA_POINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )


def _page(results: list[_Result], params: Json) -> Json:
    """Return a page; its token is the number of data points on the pages before the next one."""
    skipped = PAGES.start(params, 0)
    left, at, shown = min(params.get("MaxDatapoints", MAX_DATA_POINTS), MAX_DATA_POINTS), 0, list[Json]()
    for result in results:
        begin = max(skipped - at, 0)
        points = result.points[begin : begin + left]
        at += len(result.points)
        left -= len(points)
        if points or not skipped:  # the first page names every result
            complete = begin + len(points) >= len(result.points)
            shown.append(_result_to_api(result, points, complete=complete))
    end = skipped + sum(len(each["Values"]) for each in shown)
    return {"MetricDataResults": shown, "Messages": [], **PAGES.more(end if end < at else None)}


def _result_to_api(result: _Result, points: list[tuple[int, float]], *, complete: bool) -> Json:
    return {
        "Id": result.id,
        "Label": result.label,
        "Timestamps": [time / 1000 for time, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if complete else "PartialData",
    }
