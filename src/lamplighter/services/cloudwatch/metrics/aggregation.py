"""Aggregate metric values into points.

A point knows every value, so that percentiles can be computed, unless it was put as a statistic set or has more than
`MAX_DIFFERENT_VALUES` different values a minute. AWS has the same restriction ("percentile statistics are not available
… when the statistic values are provided as a set"). See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint

MAX_DIFFERENT_VALUES = 500
"""The most different values for which a point keeps every value."""


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
