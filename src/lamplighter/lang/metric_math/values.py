"""The values of metric math: numbers, texts, time series and arrays of them; and how operators combine them.

An operator combines the points of two series that have the same time. A point that one of them lacks is left out, and
so is what has no finite result, such as a division by zero.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lamplighter.base.errors import require
from lamplighter.lang.metric_math.syntax import MetricMathError


@dataclass(frozen=True, slots=True)
class Series:
    """A time series."""

    label: str
    period: int
    """Seconds."""
    points: Mapping[int, float]
    """Values by their times, in milliseconds since the epoch, in order of time."""

    def map(self, change: Callable[[float], float]) -> "Series":
        """Return the series with changed values, without those that cannot be computed."""
        changed = ((time, finite(change, value)) for time, value in self.points.items())
        return replace(self, points={time: value for time, value in changed if value is not None})


Value = float | str | Series | tuple[Series, ...]


def count_points(value: Value) -> int:
    """Return how many points a value has."""
    if isinstance(value, tuple):
        return sum(len(series.points) for series in value)
    return len(value.points) if isinstance(value, Series) else 1


def finite(change: Callable[..., float], *values: float | Sequence[float]) -> float | None:
    """Return what a function computes, or None if it computes nothing that is finite."""
    try:
        found = change(*values)
    except (ArithmeticError, ValueError):
        return None
    return found if not isinstance(found, complex) and math.isfinite(found) else None


def _truth(compare: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: 1.0 if compare(left, right) else 0.0


OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "<": _truth(operator.lt),
    "<=": _truth(operator.le),
    ">": _truth(operator.gt),
    ">=": _truth(operator.ge),
    "==": _truth(operator.eq),
    "!=": _truth(operator.ne),
    "AND": _truth(lambda left, right: bool(left) and bool(right)),
    "OR": _truth(lambda left, right: bool(left) or bool(right)),
}


def combine(sign: str, left: Value, right: Value) -> Value:
    """Apply an operator to two values of any kinds. Raises `MetricMathError` if they do not go together."""
    if isinstance(left, str) or isinstance(right, str):
        raise MetricMathError(f"The operator {sign} cannot be applied to a text.")
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            raise MetricMathError(f"The operator {sign} needs arrays of the same length.")
        return tuple(_combine_one(sign, one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, tuple):
        return tuple(_combine_one(sign, one, right) for one in left) if not isinstance(right, tuple) else ()
    if isinstance(right, tuple):
        return tuple(_combine_one(sign, left, other) for other in right)
    if isinstance(left, float) and isinstance(right, float):
        found = finite(OPERATORS[sign], left, right)
        return require(found, lambda: MetricMathError(f"The numbers {left} {sign} {right} have no result."))
    return _combine_one(sign, left, right)


def _combine_one(sign: str, left: float | Series, right: float | Series) -> Series:
    apply = OPERATORS[sign]
    if isinstance(left, Series) and isinstance(right, Series):
        both = ((time, finite(apply, value, right.points[time])) for time, value in left.points.items()
                if time in right.points)  # fmt: skip
        points = {time: value for time, value in both if value is not None}
        return Series(left.label, max(left.period, right.period), points)
    if isinstance(left, Series):
        return left.map(lambda value: apply(value, right))  # type: ignore[arg-type]
    assert isinstance(right, Series)
    return right.map(lambda value: apply(left, value))
