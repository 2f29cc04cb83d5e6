"""Parse the names of statistics, and compute statistics of points.

Statistics that look at single values (percentiles, trimmed means …) need points that know every value; a point that was
put as a statistic set does not, as on AWS. Bounds leave out their lower end and include their upper end. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
"""

import math
import re
from dataclasses import dataclass

from lamplighter.services.cloudwatch.errors import InvalidParameterValue
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint

BASIC_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENT = r"(?:100(?:\.0{0,10})?|\d{1,2}(?:\.\d{0,10})?)"
_NUMBER = r"\d+(?:\.\d{0,10})?(?:[Ee][+-]?\d{1,3})?"
_UP_TO = re.compile(rf"(p|tm|wm|tc|ts)({_PERCENT})")
_BETWEEN = re.compile(rf"(TM|WM|TC|TS|PR)\((?:({_PERCENT})(%))?({_NUMBER})?:(?:({_PERCENT})(%))?({_NUMBER})?\)")


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values that a statistic looks at: between two percentages of all values, or between two values."""

    kind: str
    """P (percentile), TM (mean), WM (mean with other values set to the bounds), TC (count), TS (sum), PR (share)."""
    low: float
    high: float
    percent: bool


def parse_range(name: str) -> ValueRange | None:
    """Return the range of a statistic that looks at single values, or None if the name is not one of these."""
    if name == "IQM":
        return ValueRange("TM", 25.0, 75.0, percent=True)
    if found := _UP_TO.fullmatch(name):
        return ValueRange(found[1].upper(), 0.0, float(found[2]), percent=True)
    found = _BETWEEN.fullmatch(name)
    if found is None:
        return None
    kind, low_percent, _, low, high_percent, _, high = found.groups()
    percent = low_percent is not None or high_percent is not None
    mixed = percent and (low is not None or high is not None)
    if mixed or (percent and kind == "PR") or not (low_percent or low or high_percent or high):
        return None
    least, most = (low_percent, high_percent) if percent else (low, high)
    return ValueRange(
        kind,
        float(least) if least else (0.0 if percent else -math.inf),
        float(most) if most else (100.0 if percent else math.inf),
        percent=percent,
    )


def is_statistic(name: str) -> bool:
    """Return whether AWS knows the statistic."""
    return name in BASIC_STATISTICS or parse_range(name) is not None


def needs_values(name: str) -> bool:
    """Return whether a statistic looks at single values."""
    return name not in BASIC_STATISTICS


def check_statistic(name: str) -> None:
    """Raise `InvalidParameterValue` if there is no such statistic."""
    if not is_statistic(name):
        raise InvalidParameterValue(f"The value {name} for parameter Stat is not supported.")


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
            wanted = parse_range(name)
            return None if wanted is None else _of_values(point, wanted)


def _of_values(point: MetricPoint, wanted: ValueRange) -> float | None:
    counts = point.value_counts
    if counts is None and point.minimum == point.maximum:
        counts = ((point.minimum, point.samples),)
    if counts is None or not point.samples:
        return None
    if wanted.kind == "P":
        if point.minimum < 0:  # "not available for metrics when any of the metric values are negative numbers"
            return None
        return _percentile(counts, wanted.high, point)
    inside = _inside(counts, wanted, point.samples)
    count, total = sum(times for _, times in inside), sum(value * times for value, times in inside)
    match wanted.kind:
        case "TC":
            return count
        case "TS":
            return total
        case "PR":
            return 100 * count / point.samples
        case "TM":
            return total / count if count else None
        case _:
            return _winsorized_mean(counts, inside, point)


def _percentile(counts: tuple[tuple[float, float], ...], percent: float, point: MetricPoint) -> float:
    rank, passed = math.ceil(percent / 100 * point.samples), 0.0
    for value, times in counts:
        passed += times
        if passed >= rank:
            return value
    return point.maximum


def _inside(counts: tuple[tuple[float, float], ...], wanted: ValueRange, samples: float) -> list[tuple[float, float]]:
    """Return the values of a range, each with the number of its occurrences within it."""
    if not wanted.percent:
        return [(value, times) for value, times in counts if wanted.low < value <= wanted.high]
    first, last, passed = wanted.low / 100 * samples, wanted.high / 100 * samples, 0.0
    found = list[tuple[float, float]]()
    for value, times in counts:
        within = min(passed + times, last) - max(passed, first)
        passed += times
        if within > 0:
            found.append((value, within))
    return found


def _winsorized_mean(
    counts: tuple[tuple[float, float], ...], inside: list[tuple[float, float]], point: MetricPoint
) -> float | None:
    if not inside:
        return None
    low, high = inside[0][0], inside[-1][0]
    total = sum(min(max(value, low), high) * times for value, times in counts)
    return total / point.samples
