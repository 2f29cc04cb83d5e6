"""Check and answer the queries of GetMetricData and of alarms: metrics, and expressions over them.

Metric math is computed (`lang/metric_math`). Metrics Insights, searches and anomaly bands are not: such a query raises
`UnsupportedFunction`. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.metric_math.evaluate import check_expression, evaluate, order_expressions
from lamplighter.lang.metric_math.functions import MathContext, WorkLimit
from lamplighter.lang.metric_math.syntax import MetricMathError, Node, UnsupportedFunction, names_in, parse_expression
from lamplighter.lang.metric_math.values import Series, Value
from lamplighter.services.cloudwatch.arns import metric_of
from lamplighter.services.cloudwatch.errors import InvalidRequest
from lamplighter.services.cloudwatch.metrics.metric_sources import MetricSources, TimeRange
from lamplighter.services.cloudwatch.metrics.periods import check_period
from lamplighter.services.cloudwatch.metrics.statistics import compute_statistic, is_statistic, needs_values
from lamplighter.services.cloudwatch.tables.metric_points import Metric, MetricPoint
from lamplighter.store.db import Reader

MAX_QUERIES = 500
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MetricQueries:
    """The checked queries of a request or of an alarm."""

    metrics: Mapping[str, Json]
    """The queries with a metric, by their ids, in the order of the request."""
    expressions: Mapping[str, Node]
    """The expressions, by their ids, each after those that it names."""
    periods: Mapping[str, int]
    """The periods that expressions state, in seconds."""

    @property
    def shortest_period(self) -> int:
        """The shortest period of all queries, in seconds; a minute if none has any."""
        found = [stat["MetricStat"]["Period"] for stat in self.metrics.values()]
        return min([*found, *self.periods.values()], default=60)


def check_queries(queries: Sequence[Json], at: str = "MetricDataQueries") -> MetricQueries:
    """Check queries; `at` is the name of the parameter. Raises `InvalidRequest` or `UnsupportedFunction`."""
    if len(queries) > MAX_QUERIES:
        raise InvalidRequest(f"The collection {at} must not have a size greater than {MAX_QUERIES}.")
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise InvalidRequest(f"The values for parameter id in {at} are not unique.")
    metrics, texts = dict[str, Json](), dict[str, str]()
    for number, query in enumerate(queries, 1):
        _check_query(query, f"{at}.member.{number}")
        if "Expression" in query:
            texts[query["Id"]] = query["Expression"]
        else:
            metrics[query["Id"]] = query
    periods = {query["Id"]: query["Period"] for query in queries if "Expression" in query and "Period" in query}
    parsed = dict(_parse_expressions(texts, frozenset(ids)))
    try:
        order = order_expressions(parsed)
    except MetricMathError as error:
        raise InvalidRequest(str(error)) from None
    return MetricQueries(metrics, {key: parsed[key] for key in order}, periods)


def _check_query(query: Json, at: str) -> None:
    if _ID.fullmatch(query["Id"]) is None:
        raise InvalidRequest(
            f"The value {query['Id']} for parameter {at}.Id is not matching the expected pattern {_ID.pattern}."
        )
    if ("Expression" in query) == ("MetricStat" in query):
        raise InvalidRequest(f"Exactly one of the parameters {at}.MetricStat and {at}.Expression must be specified.")
    if "Period" in query:
        check_period(query["Period"], f"{at}.Period", InvalidRequest)
    if "MetricStat" in query:
        stat = query["MetricStat"]
        check_period(stat["Period"], f"{at}.MetricStat.Period", InvalidRequest)
        for name in ("Namespace", "MetricName"):
            if name not in stat["Metric"]:
                raise InvalidRequest(f"The parameter {at}.MetricStat.Metric.{name} is required.")
        if not is_statistic(stat["Stat"]):
            raise InvalidRequest(f"The value {stat['Stat']} for parameter {at}.MetricStat.Stat is not supported.")


def _parse_expressions(texts: Mapping[str, str], ids: frozenset[str]) -> Iterator[tuple[str, Node]]:
    for key, text in texts.items():
        if _INSIGHTS.match(text):
            raise UnsupportedFunction("This engine does not have Metrics Insights (SELECT).")
        try:
            node = parse_expression(text)
            check_expression(node, ids)
        except UnsupportedFunction:
            raise
        except MetricMathError as error:
            raise InvalidRequest(f"Error in expression '{key}': {error}") from None
        yield key, node


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a query: one series, or those of an array."""

    series: tuple[Series, ...]
    samples: Mapping[int, float]
    """For a query with a metric: the number of its samples at each time."""


def run_queries(
    sources: MetricSources,
    reader: Reader,
    caller: Caller,
    queries: MetricQueries,
    span: Callable[[int], TimeRange],
    returned: Collection[str],
) -> dict[str, QueryResult]:
    """Answer the queries with metrics, and the expressions whose ids are in `returned`. Raises `InvalidRequest`.

    `span` returns the range to read for a period in seconds.
    """
    read = _make_point_reader(sources, reader, caller, queries, span)
    results = dict[str, QueryResult]()
    for key, query in queries.metrics.items():
        stat = query["MetricStat"]
        results[key] = _metric_result(stat, query.get("Label", stat["Metric"]["MetricName"]), read(stat))
    metrics = {key: result.series[0] for key, result in results.items()}
    values: dict[str, Value] = dict(metrics)
    work = WorkLimit()
    for key, node in queries.expressions.items():
        period = queries.periods.get(key) or _shortest_named(node, values) or queries.shortest_period
        whole = span(period)
        context = MathContext(values, metrics, range(whole.start, whole.end, whole.period), work)
        try:
            values[key] = evaluate(node, context)
        except MetricMathError as error:
            raise InvalidRequest(f"Error in expression '{key}': {error}") from None
        if key in returned:
            results[key] = QueryResult(_result_series(key, values[key]), {})
    return results


def _make_point_reader(
    sources: MetricSources,
    reader: Reader,
    caller: Caller,
    queries: MetricQueries,
    span: Callable[[int], TimeRange],
) -> Callable[[Json], list[MetricPoint]]:
    """Return a function that reads the points for a MetricStat: once for all statistics of a metric and period."""

    def key_of(stat: Json) -> tuple[Metric, int, str | None]:
        return metric_of(caller, stat["Metric"]), stat["Period"], stat.get("Unit")

    stats = [query["MetricStat"] for query in queries.metrics.values()]
    with_values = {key_of(stat) for stat in stats if needs_values(stat["Stat"])}
    known: dict[tuple[Metric, int, str | None], list[MetricPoint]] = {}

    def read(stat: Json) -> list[MetricPoint]:
        key = metric, period, unit = key_of(stat)
        if key not in known:
            known[key] = sources.points(reader, metric, span(period), unit, with_values=key in with_values)
        return known[key]

    return read


def _metric_result(stat: Json, label: str, found: list[MetricPoint]) -> QueryResult:
    known = [(point, compute_statistic(point, stat["Stat"])) for point in found]
    points = {point.time: float(value) for point, value in known if value is not None}
    samples = {point.time: float(point.samples) for point in found}
    return QueryResult((Series(label, stat["Period"], points),), samples)


def _shortest_named(node: Node, values: Mapping[str, Value]) -> int:
    named = (values.get(name) for name in names_in(node))
    return min((value.period for value in named if isinstance(value, Series) and value.period), default=0)


def _result_series(key: str, value: Value) -> tuple[Series, ...]:
    if isinstance(value, Series):
        return (value,)
    if isinstance(value, tuple):
        return value
    raise InvalidRequest(
        f"Error in expression '{key}': The expression must return a time series; TIME_SERIES makes one of a number."
    )
