"""Aggregate metric values into points, and compute statistics of points.

Guarantees percentiles as long as a point knows every value. It does not know them for statistic sets, nor for more than
`MAX_DIFFERENT_VALUES` different values a minute. AWS has the same restriction ("percentile statistics are not available
… when the statistic values are provided as a set"). See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from lamplighter.services.cloudwatch.errors import InvalidParameterValue
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint

MAX_DIFFERENT_VALUES = 500
"""The most different values for which a point keeps every value."""
BASIC_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
PERCENTILE = re.compile(r"p(100|[0-9]{1,2}(\.[0-9]{1,10})?)")


def point_of_values(time: int, values: Iterable[tuple[float, float]], unit: str = "None") -> MetricPoint:
    """Return the point of values, each of which has the number of its occurrences."""
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
    return replace(point, value_counts=_merge_value_counts([known]))


def merge_points(time: int, points: Iterable[MetricPoint]) -> MetricPoint:
    """Merge points into one."""
    found = list(points)
    value_counts = [point.value_counts for point in found if point.value_counts is not None]
    return MetricPoint(
        time,
        sum(point.samples for point in found),
        sum(point.total for point in found),
        min(point.minimum for point in found),
        max(point.maximum for point in found),
        _merge_value_counts(value_counts) if len(value_counts) == len(found) else None,
        found[0].unit,
    )


def _merge_value_counts(spreads: Iterable[Iterable[tuple[float, float]]]) -> tuple[tuple[float, float], ...] | None:
    times: dict[float, float] = {}
    for spread in spreads:
        for value, number in spread:
            times[value] = times.get(value, 0) + number
    return tuple(sorted(times.items())) if len(times) <= MAX_DIFFERENT_VALUES else None


def points_by_period(points: Iterable[MetricPoint], start: int, period: int) -> Iterator[MetricPoint]:
    """Merge points in order of time into one point for each `period` (in milliseconds) from `start` on."""
    for number, within in groupby(points, key=lambda point: (point.time - start) // period):
        yield merge_points(start + number * period, within)


TRIMMED = re.compile(r"(tm|wm|tc|ts|pr|iqm)([0-9(]|$)", re.IGNORECASE)


def is_trimmed(name: str) -> bool:
    """Return whether a statistic covers only a part of the values, such as AWS's trimmed mean."""
    return TRIMMED.match(name) is not None


def check_statistic(name: str) -> None:
    """Raise `InvalidParameterValue` if the statistic is not supported."""
    if name not in BASIC_STATISTICS and not PERCENTILE.fullmatch(name):
        raise InvalidParameterValue(
            f"The value {name} for parameter Stat is not supported: "
            f"use {', '.join(BASIC_STATISTICS)} or a percentile like p99.9."
        )


def compute_statistic(point: MetricPoint, name: str) -> float | None:
    """Return a statistic of a point, or None if the point does not have the data for it."""
    match name:
        case "SampleCount":
            return point.samples
        case "Sum":
            return point.total
        case "Average":
            return point.total / point.samples if point.samples else None
        case "Minimum":
            return point.minimum
        case "Maximum":
            return point.maximum
        case _:
            return _percentile(point, float(name[1:]))


def _percentile(point: MetricPoint, percent: float) -> float | None:
    if point.minimum == point.maximum:
        return point.minimum
    if point.value_counts is None:
        return None
    rank, passed = math.ceil(percent / 100 * point.samples), 0.0
    for value, times in point.value_counts:
        passed += times
        if passed >= rank:
            return value
    return point.maximum
