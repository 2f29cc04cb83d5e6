"""Values of a time, put together, and the statistics of them.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html. Promises percentiles as
long as every value is known; of statistic sets and of more than a few hundred different values a minute they are not,
as on AWS ("percentile statistics are not available … when the statistic values are provided as a set").
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from lamplighter.services.cloudwatch.errors import InvalidParameterValue
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint

DIFFERENT = 500
"""How many different values of a time are told apart."""
SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
PERCENTILE = re.compile(r"p(100|[0-9]{1,2}(\.[0-9]{1,10})?)")


def point_of_values(time: int, values: Iterable[tuple[float, float]], unit: str = "None") -> MetricPoint:
    """A point of values, each with how often it came."""
    known = list(values)
    point = MetricPoint(
        time,
        sum(times for _, times in known),
        sum(value * times for value, times in known),
        min(value for value, _ in known),
        max(value for value, _ in known),
        (),
        unit,
    )
    return replace(point, spread=_spread([known]))


def merge_points(time: int, points: Iterable[MetricPoint]) -> MetricPoint:
    """Several points as one."""
    found = list(points)
    spreads = [point.spread for point in found if point.spread is not None]
    return MetricPoint(
        time,
        sum(point.samples for point in found),
        sum(point.total for point in found),
        min(point.least for point in found),
        max(point.most for point in found),
        _spread(spreads) if len(spreads) == len(found) else None,
        found[0].unit,
    )


def _spread(spreads: Iterable[Iterable[tuple[float, float]]]) -> tuple[tuple[float, float], ...] | None:
    times: dict[float, float] = {}
    for spread in spreads:
        for value, number in spread:
            times[value] = times.get(value, 0) + number
    return tuple(sorted(times.items())) if len(times) <= DIFFERENT else None


def points_by_period(points: Iterable[MetricPoint], start: int, period: int) -> Iterator[MetricPoint]:
    """Points in order of time, put together by periods (in milliseconds) that are counted from a start."""
    for number, within in groupby(points, key=lambda point: (point.time - start) // period):
        yield merge_points(start + number * period, within)


TRIMMED = re.compile(r"(tm|wm|tc|ts|pr|iqm)([0-9(]|$)", re.IGNORECASE)


def is_trimmed(name: str) -> bool:
    """Whether a statistic is one of a part of the values, of which AWS has some."""
    return TRIMMED.match(name) is not None


def check_statistic(name: str) -> None:
    """Raise where there is no such statistic."""
    if name not in SIMPLE and not PERCENTILE.fullmatch(name):
        raise InvalidParameterValue(
            f"The value {name} for parameter Stat is not supported: use {', '.join(SIMPLE)} or a percentile like p99.9."
        )


def compute_statistic(point: MetricPoint, name: str) -> float | None:
    """A statistic of a point; None where it cannot be told."""
    match name:
        case "SampleCount":
            return point.samples
        case "Sum":
            return point.total
        case "Average":
            return point.total / point.samples if point.samples else None
        case "Minimum":
            return point.least
        case "Maximum":
            return point.most
        case _:
            return _percentile(point, float(name[1:]))


def _percentile(point: MetricPoint, percent: float) -> float | None:
    if point.least == point.most:
        return point.least
    if point.spread is None:
        return None
    rank, passed = math.ceil(percent / 100 * point.samples), 0.0
    for value, times in point.spread:
        passed += times
        if passed >= rank:
            return value
    return point.most
