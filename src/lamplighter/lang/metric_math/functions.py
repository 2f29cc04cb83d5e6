"""The functions of metric math.

A function over one series returns a number, and over an array of series a series, where AWS's table says so. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from lamplighter.base.errors import require
from lamplighter.lang.metric_math.syntax import MetricMathError
from lamplighter.lang.metric_math.values import Series, Value, finite

MAX_WORK = 4_000_000
"""The most points that the expressions of one request may compute: all of them take about a second."""


@dataclass(slots=True)
class WorkLimit:
    """The points that the expressions of one request may still compute."""

    left: int = MAX_WORK

    def spend(self, points: int) -> None:
        """Count computed points. Raises `MetricMathError` if the request computes too many."""
        self.left -= points
        if self.left < 0:
            raise MetricMathError(
                f"The request computes more than {MAX_WORK} data points: use longer periods, or a shorter time."
            )


@dataclass(frozen=True, slots=True)
class MathContext:
    """What an expression can use."""

    values: Mapping[str, Value]
    """The values of other queries, by their ids."""
    metrics: Mapping[str, Series]
    """The series of all queries that have a metric, by their ids, in the order of the request."""
    times: Sequence[int]
    """The beginnings of all periods, in milliseconds since the epoch."""
    work: WorkLimit = field(default_factory=WorkLimit)
    """What the request may still compute."""


Function = Callable[[MathContext, Sequence[Value]], Value]
UNSUPPORTED = frozenset({
    "ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH", "SERVICE_QUOTA",
})  # fmt: skip
"""The functions of AWS that this engine does not have."""


def _series(value: Value) -> Series:
    if not isinstance(value, Series):
        raise MetricMathError("The argument must be a time series.")
    return value


def _array(value: Value) -> tuple[Series, ...]:
    if isinstance(value, Series):
        return (value,)
    if not isinstance(value, tuple):
        raise MetricMathError("The argument must be an array of time series.")
    return value


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise MetricMathError("The argument must be a number.")
    return value


def _position(value: Value) -> int:
    found = _number(value)
    if not found.is_integer() or found < 0:
        raise MetricMathError("The argument must be a whole number from 0 on.")
    return int(found)


def _compute(compute: Callable[..., float], value: float | Sequence[float]) -> float:
    """Return the result of a computation. Raises `MetricMathError` if there is none that is finite."""
    return float(require(finite(compute, value), lambda: MetricMathError("The numbers have no result.")))


def _for_each(change: Callable[[float], float]) -> Function:
    """Return a function that changes each value of a number, a series or an array."""

    def apply(_context: MathContext, arguments: Sequence[Value]) -> Value:
        (value,) = arguments
        if isinstance(value, float):
            return _compute(change, value)
        return _each_series(value, lambda series: series.map(change))

    return apply


def _each_series(value: Value, change: Callable[[Series], Series]) -> Value:
    return tuple(map(change, value)) if isinstance(value, tuple) else change(_series(value))


def _over_series(change: Callable[[Series], Series]) -> Function:
    return lambda _context, arguments: _each_series(arguments[0], lambda series: change(series).map(float))


def _aggregate(compute: Callable[[Sequence[float]], float], *, zeros: bool = False) -> Function:
    """Return a function that reduces a series to a number, and an array to a series.

    `zeros` states that a missing value of an array counts as 0.
    """

    def apply(_context: MathContext, arguments: Sequence[Value]) -> Value:
        if len(arguments) == 1 and isinstance(arguments[0], Series):
            values = list(arguments[0].points.values())
            return _compute(compute, values) if values else 0.0
        if all(isinstance(each, float) for each in arguments):
            return _compute(compute, [_number(each) for each in arguments])
        array = [series for each in arguments for series in _array(each)]
        if not array:
            return ()
        points = dict[int, float]()
        for time in sorted({time for series in array for time in series.points}):
            found = [series.points[time] for series in array if time in series.points]
            value = finite(compute, [*found, *([0.0] * (len(array) - len(found)) if zeros else [])])
            if value is not None:
                points[time] = float(value)
        return Series("", max(series.period for series in array), points)

    return apply


def _differences(series: Series, change: Callable[[float, float], float]) -> Series:
    """Return for each point but the first a value of its difference and of the seconds since the point before."""
    pairs = pairwise(series.points.items())
    points = {time: change(value - before, (time - since) / 1000) for (since, before), (time, value) in pairs}
    return replace(series, points=points)


def _of_time(read: Callable[[datetime], float]) -> Function:
    """Return a function that replaces each value by a part of its time in UTC."""

    def change(series: Series) -> Series:
        moments = ((time, datetime.fromtimestamp(time / 1000, UTC)) for time in series.points)
        return replace(series, points={time: float(read(moment)) for time, moment in moments})

    return _over_series(change)


def _running_sum(series: Series) -> Series:
    return replace(series, points=dict(zip(series.points, accumulate(series.points.values()), strict=True)))


def _if(_context: MathContext, arguments: Sequence[Value]) -> Value:
    condition, yes, *no = arguments
    if isinstance(condition, float):
        if condition:
            return yes
        return no[0] if no else ()
    series, points = _series(condition), dict[int, float]()
    for time, holds in series.points.items():
        chosen = yes if holds else no[0] if no else None
        value = chosen.points.get(time) if isinstance(chosen, Series) else chosen
        if isinstance(value, float):
            points[time] = value
        elif value is not None:
            raise MetricMathError("IF needs numbers or time series.")
    return replace(series, points=points)


def _fill(context: MathContext, arguments: Sequence[Value]) -> Value:
    value, filling = arguments
    return _each_series(value, lambda series: _fill_series(series, filling, context.times).map(float))


def _fill_series(series: Series, filling: Value, times: Iterable[int]) -> Series:
    known, points, last = list(series.points.items()), dict[int, float](), None
    following = iter([*known, None])
    after = next(following)
    before: tuple[int, float] | None = None
    for time in sorted({*times, *series.points}):
        while after is not None and after[0] <= time:
            before, after = after, next(following)
        if time in series.points:
            last = series.points[time]
        elif filling == "REPEAT":
            pass
        elif filling == "LINEAR":
            last = None
            if before is not None and after is not None:
                share = (time - before[0]) / (after[0] - before[0])
                last = before[1] + share * (after[1] - before[1])
        else:
            last = filling.points.get(time) if isinstance(filling, Series) else _number(filling)
        if last is not None:
            points[time] = last
    return replace(series, points=points)


def _metrics(context: MathContext, arguments: Sequence[Value]) -> Value:
    part = arguments[0] if arguments else ""
    if not isinstance(part, str):
        raise MetricMathError("METRICS takes a text: a part of the ids of the metrics.")
    return tuple(series for key, series in context.metrics.items() if part in key)


def _slice(_context: MathContext, arguments: Sequence[Value]) -> Value:
    array, start = _array(arguments[0]), _position(arguments[1])
    if len(arguments) == 2:
        return array[start] if start < len(array) else ()
    return array[start : _position(arguments[2])]


SORT_KEYS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}
"""What SORT can order series by."""


def _sort(_context: MathContext, arguments: Sequence[Value]) -> Value:
    array, by, order, *most = arguments
    if not isinstance(by, str) or by not in SORT_KEYS or order not in ("ASC", "DESC"):
        raise MetricMathError("SORT needs AVG, MAX, MIN or SUM, and ASC or DESC.")
    key = SORT_KEYS[by]
    full = [series for series in _array(array) if series.points]
    empty = [series for series in _array(array) if not series.points]
    ordered = sorted(full, key=lambda series: _compute(key, list(series.points.values())), reverse=order == "DESC")
    return tuple([*ordered, *empty][: _position(most[0]) if most else None])


def _end_of_array(at: int) -> Function:
    def apply(_context: MathContext, arguments: Sequence[Value]) -> Value:
        array = _array(arguments[0])
        return array[at] if array else ()

    return apply


FUNCTIONS: Mapping[str, tuple[Function, int, int]] = {
    "ABS": (_for_each(abs), 1, 1),
    "AVG": (_aggregate(statistics.fmean, zeros=True), 1, 100),
    "CEIL": (_for_each(lambda value: float(math.ceil(value))), 1, 1),
    "DATAPOINT_COUNT": (_aggregate(len), 1, 1),
    "DATE": (_of_time(lambda moment: moment.day), 1, 1),
    "DAY": (_of_time(lambda moment: moment.isoweekday()), 1, 1),
    "DIFF": (_over_series(lambda series: _differences(series, lambda change, _: change)), 1, 1),
    "DIFF_TIME": (_over_series(lambda series: _differences(series, lambda _, seconds: seconds)), 1, 1),
    "EPOCH": (_of_time(datetime.timestamp), 1, 1),
    "FILL": (_fill, 2, 2),
    "FIRST": (_end_of_array(0), 1, 1),
    "FLOOR": (_for_each(lambda value: float(math.floor(value))), 1, 1),
    "HOUR": (_of_time(lambda moment: moment.hour), 1, 1),
    "IF": (_if, 2, 3),
    "LAST": (_end_of_array(-1), 1, 1),
    "LOG": (_for_each(math.log), 1, 1),
    "LOG10": (_for_each(math.log10), 1, 1),
    "MAX": (_aggregate(max), 1, 100),
    "METRIC_COUNT": (lambda _context, arguments: float(len(_array(arguments[0]))), 1, 1),
    "METRICS": (_metrics, 0, 1),
    "MIN": (_aggregate(min), 1, 100),
    "MINUTE": (_of_time(lambda moment: moment.minute), 1, 1),
    "MONTH": (_of_time(lambda moment: moment.month), 1, 1),
    "PERIOD": (lambda _context, arguments: float(_series(arguments[0]).period), 1, 1),
    "RATE": (_over_series(lambda series: _differences(series, lambda change, seconds: change / seconds)), 1, 1),
    "REMOVE_EMPTY": (
        lambda _context, arguments: tuple(series for series in _array(arguments[0]) if series.points), 1, 1
    ),
    "RUNNING_SUM": (_over_series(_running_sum), 1, 1),
    "SLICE": (_slice, 2, 3),
    "SORT": (_sort, 3, 4),
    "STDDEV": (_aggregate(statistics.pstdev), 1, 100),
    "SUM": (_aggregate(math.fsum), 1, 100),
    "TIME_SERIES": (
        lambda context, arguments: Series("", 0, dict.fromkeys(context.times, _number(arguments[0]))), 1, 1
    ),
    "YEAR": (_of_time(lambda moment: moment.year), 1, 1),
}  # fmt: skip
"""Each function, with the smallest and the largest number of its arguments."""
