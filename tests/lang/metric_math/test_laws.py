"""Laws of metric math that hold for all series, and what each function accepts.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import statistics
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.metric_math.evaluate import evaluate
from lamplighter.lang.metric_math.functions import FUNCTIONS, MathContext
from lamplighter.lang.metric_math.syntax import MetricMathError, parse_expression
from lamplighter.lang.metric_math.values import Series, Value

MINUTE = 60_000
TIMES = range(0, 8 * MINUTE, MINUTE)
Points = dict[int, float]
VALUES = st.integers(-1000, 1000).map(float)
POINTS = st.dictionaries(st.sampled_from(TIMES), VALUES, max_size=8).map(lambda found: dict(sorted(found.items())))
HUGE = st.sampled_from([1e308, -1e308, 1.7e308, 5e-324, 0.0, 1.0])


def compute(text: str, **points: Mapping[int, float]) -> Value:
    """Evaluate an expression over the points of series by their ids."""
    metrics = {key: Series(key, 60, each) for key, each in points.items()}
    return evaluate(parse_expression(text), MathContext(metrics, metrics, TIMES))


def points(text: str, **given: Mapping[int, float]) -> Points:
    """Return the points of the series that an expression makes."""
    found = compute(text, **given)
    assert isinstance(found, Series)
    return dict(found.points)


def array(text: str, **given: Mapping[int, float]) -> list[Points]:
    """Return the points of each series of the array that an expression makes."""
    found = compute(text, **given)
    assert isinstance(found, tuple)
    return [dict(series.points) for series in found]


def numbers(value: Value) -> list[float]:
    """Return all numbers of a value."""
    if isinstance(value, tuple):
        return [number for series in value for number in numbers(series)]
    if isinstance(value, Series):
        return list(value.points.values())
    return [value] if isinstance(value, float) else []


@given(POINTS, POINTS)
def test_an_operator_combines_the_times_that_both_series_have(a: Points, b: Points) -> None:
    both = [time for time in a if time in b]
    assert points("a + b", a=a, b=b) == {time: a[time] + b[time] for time in both}
    assert points("a - b", a=a, b=b) == {time: a[time] - b[time] for time in both}
    assert points("a * b", a=a, b=b) == {time: a[time] * b[time] for time in both}
    assert points("a / b", a=a, b=b) == {time: a[time] / b[time] for time in both if b[time]}
    assert points("a < b", a=a, b=b) == {time: float(a[time] < b[time]) for time in both}
    assert points("a != b", a=a, b=b) == {time: float(a[time] != b[time]) for time in both}
    assert points("a AND b", a=a, b=b) == {time: float(bool(a[time] and b[time])) for time in both}
    assert points("a || b", a=a, b=b) == {time: float(bool(a[time] or b[time])) for time in both}


@given(POINTS, VALUES)
def test_an_operator_applies_a_number_to_each_point_on_either_side(a: Points, number: float) -> None:
    text = f"({number})"
    assert points(f"a - {text}", a=a) == {time: value - number for time, value in a.items()}
    assert points(f"{text} - a", a=a) == {time: number - value for time, value in a.items()}
    assert array(f"[a, a] * {text}", a=a) == [{time: value * number for time, value in a.items()}] * 2
    assert array(f"{text} >= [a]", a=a) == [{time: float(number >= value) for time, value in a.items()}]


@given(POINTS, POINTS, POINTS)
def test_a_function_of_an_array_has_each_time_of_its_series(a: Points, b: Points, c: Points) -> None:
    given = {"a": a, "b": b, "c": c}
    at = {time: [each[time] for each in given.values() if time in each] for time in TIMES}
    at = {time: found for time, found in at.items() if found}
    for call in ("SUM(METRICS())", "SUM([a, b, c])", "SUM(a, [b, c])", "sum([a, [b, c]])"):
        assert points(call, **given) == {time: sum(found) for time, found in at.items()}
    assert points("MIN(METRICS())", **given) == {time: min(found) for time, found in at.items()}
    assert points("MAX(METRICS())", **given) == {time: max(found) for time, found in at.items()}
    assert points("DATAPOINT_COUNT(METRICS())", **given) == {time: len(found) for time, found in at.items()}
    average = points("AVG(METRICS())", **given)
    assert average == pytest.approx({time: sum(found) / 3 for time, found in at.items()}), "a missing value is 0"
    spread = points("STDDEV(METRICS())", **given)
    assert spread == pytest.approx({time: statistics.pstdev(found) for time, found in at.items()})


@given(POINTS)
def test_a_function_of_one_series_is_a_number(a: Points) -> None:
    values = list(a.values())
    assert compute("SUM(a)", a=a) == sum(values)
    assert compute("DATAPOINT_COUNT(a)", a=a) == len(values)
    assert compute("MAX(a) - MIN(a)", a=a) == (max(values) - min(values) if values else 0)
    assert compute("AVG(a)", a=a) == pytest.approx(statistics.fmean(values) if values else 0)
    assert compute("SUM(a / a)", a=a) == sum(1 for value in values if value)
    assert compute("METRIC_COUNT(a)", a=a) == 1


@given(POINTS)
def test_differences_and_running_sums_undo_each_other(a: Points) -> None:
    total = points("RUNNING_SUM(a)", a=a)
    assert list(total) == list(a)
    assert points("DIFF(RUNNING_SUM(a))", a=a) == dict(list(a.items())[1:])
    assert compute("SUM(DIFF_TIME(a))", a=a) == (max(a) - min(a)) / 1000 if a else True
    assert points("RATE(a) * DIFF_TIME(a)", a=a) == pytest.approx(points("DIFF(a)", a=a))
    if a:
        assert compute("LAST([RUNNING_SUM(a)]) - SUM(a)", a=a) == Series("a", 60, {
            time: each - sum(a.values()) for time, each in total.items()
        })  # fmt: skip


@given(POINTS, POINTS, VALUES)
def test_filling_leaves_what_is_known_and_adds_what_is_missing(a: Points, b: Points, number: float) -> None:
    assert points(f"FILL(a, ({number}))", a=a) == {time: a.get(time, number) for time in TIMES}
    assert points("FILL(a, b)", a=a, b=b) == {
        time: a.get(time, b.get(time)) for time in TIMES if time in a or time in b
    }
    repeated = points("FILL(a, REPEAT)", a=a)
    assert repeated == {time: a[max(known for known in a if known <= time)] for time in TIMES if a and time >= min(a)}
    linear = points("FILL(a, LINEAR)", a=a)
    assert list(linear) == [time for time in TIMES if a and min(a) <= time <= max(a)]
    assert {time: linear[time] for time in a} == a
    for before, time, after in zip(TIMES, TIMES[1:], TIMES[2:], strict=False):
        if time in linear and time not in a:
            assert linear[time] * 2 == pytest.approx(linear[before] + linear[after]), "on a straight line"


@given(POINTS, POINTS)
def test_a_condition_divides_a_series_into_two(a: Points, b: Points) -> None:
    yes, no = points("IF(a > 0, b)", a=a, b=b), points("IF(a <= 0, b)", a=a, b=b)
    assert not yes.keys() & no.keys()
    assert yes | no == {time: b[time] for time in b if time in a}
    assert points("IF(a > 0, 1, 0)", a=a) == points("a > 0", a=a)
    assert compute("IF(0, a)", a=a) == ()
    assert points("IF(2, a, 5)", a=a) == a


@given(
    st.lists(POINTS, max_size=5), st.sampled_from(["AVG", "MAX", "MIN", "SUM"]), st.integers(0, 6), st.integers(0, 6)
)
def test_sorting_orders_all_series_and_slices_are_parts_of_them(
    several: list[Points], by: str, start: int, end: int
) -> None:
    given = {f"m{number}": each for number, each in enumerate(several)}
    key: Callable[[list[float]], float] = {"AVG": statistics.fmean, "MAX": max, "MIN": min, "SUM": sum}[by]  # type: ignore[assignment]
    for order, sign in (("ASC", 1), ("DESC", -1)):
        found = array(f"SORT(METRICS(), {by}, {order})", **given)
        full = [each for each in found if each]
        ranks = [sign * key(list(each.values())) for each in full]
        assert ranks == sorted(ranks)
        assert found == full + [{}] * (len(several) - len(full)), "series without points are the last"
        assert sorted(map(str, found)) == sorted(map(str, several))
        assert array(f"SORT(METRICS(), {by}, {order}, {end})", **given) == found[:end]
    assert array(f"SLICE(METRICS(), {start}, {end})", **given) == several[start:end]
    expected = several[start] if start < len(several) else []
    found_one = compute(f"SLICE(METRICS(), {start})", **given)
    assert (dict(found_one.points) if isinstance(found_one, Series) else list(found_one)) == expected  # type: ignore[arg-type]
    assert array("REMOVE_EMPTY(METRICS())", **given) == [each for each in several if each]
    assert compute("METRIC_COUNT(METRICS())", **given) == len(several)


@given(
    st.dictionaries(st.sampled_from(TIMES), HUGE, max_size=4), st.dictionaries(st.sampled_from(TIMES), HUGE, max_size=4)
)
def test_no_result_is_infinite(a: Points, b: Points) -> None:
    """A point whose value is too large has no value, as after a division by 0."""
    given = {"a": dict(sorted(a.items())), "b": dict(sorted(b.items()))}
    texts = [
        *("a + b", "a * b", "a / b", "a ^ b", "-a - b", "SUM([a, b])", "AVG([a, b])", "STDDEV([a, b])", "DIFF(a)"),
        *("RATE(a)", "RUNNING_SUM(a)", "FILL(a, LINEAR)", "LOG(a)", "LOG10(a)", "CEIL(a)", "FLOOR(a)", "ABS(a)"),
        *("SORT([a, b], SUM, ASC)", "SORT([a, b], AVG, DESC)", "SUM(a)", "AVG(a)", "STDDEV(a)", "SUM(MAX(a), MAX(b))"),
    ]
    for text in texts:
        try:
            found = numbers(compute(text, **given))
        except MetricMathError:
            continue  # a number that is too large is an error, a point is left out
        assert all(map(math.isfinite, found)), text


@pytest.mark.parametrize(
    "text", ["SUM([a, b])", "AVG([a, a, b])", "RUNNING_SUM(a)", "DIFF(b)", "FILL(b, LINEAR) / 1e9"]
)
def test_a_point_that_is_too_large_takes_no_other_with_it(text: str) -> None:
    a = {0: 1.0, MINUTE: 1e308, 2 * MINUTE: 1e308}
    b = {0: 1.0, MINUTE: 1e308, 2 * MINUTE: -1e308}
    assert 0 < len(points(text, a=a, b=b)) < 4


@pytest.mark.parametrize(
    "text", ["SLICE(METRICS(), -1)", "SLICE(METRICS(), -5)", "SLICE([], -1)", "SLICE(METRICS(), 0, -1)",
             "SLICE(METRICS(), -2, 1)", "SORT(METRICS(), SUM, ASC, -1)", "SLICE(METRICS(), 1e308 * 10)"]
)  # fmt: skip
def test_a_place_in_an_array_is_a_whole_number_from_0_on(text: str) -> None:
    with pytest.raises(MetricMathError):
        compute(text, a={0: 1.0}, b={0: 2.0})


OF_ARRAYS = (
    "ABS AVG CEIL DATAPOINT_COUNT DATE DAY DIFF DIFF_TIME EPOCH FIRST FLOOR HOUR LAST LOG LOG10 MAX METRIC_COUNT MIN "
    "MINUTE MONTH RATE REMOVE_EMPTY RUNNING_SUM STDDEV SUM YEAR"
)
OF_NUMBERS = "ABS AVG CEIL DATAPOINT_COUNT FLOOR LOG LOG10 MAX MIN STDDEV SUM TIME_SERIES"


@pytest.mark.parametrize(
    ("argument", "functions"),
    [("1", OF_NUMBERS), ("a", f"{OF_ARRAYS} PERIOD"), ("[a, b]", OF_ARRAYS), ("'a'", "METRICS")],
)
def test_a_function_of_one_argument_accepts_the_values_for_which_it_has_a_meaning(
    argument: str, functions: str
) -> None:
    accepted = set()
    for name, (_, least, _most) in FUNCTIONS.items():
        if least > 1:
            continue
        try:
            compute(f"{name}({argument})", a={0: 1.0, MINUTE: 2.0}, b={0: 3.0})
        except MetricMathError:
            continue
        accepted.add(name)
    assert accepted == set(functions.split())


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_refuses_too_few_and_too_many_arguments(name: str) -> None:
    _, least, most = FUNCTIONS[name]
    counts = [most + 1, *([least - 1] if least else [])]
    for count in counts:
        with pytest.raises(MetricMathError, match=rf"The function {name} has a wrong number of arguments\."):
            compute(f"{name.lower()}({', '.join(['a'] * count)})", a={0: 1.0})


MOMENT = 1_709_251_199_000  # Thursday 29 February 2024, 23:59:59 UTC


@pytest.mark.parametrize(
    ("name", "value"),
    [("YEAR", 2024), ("MONTH", 2), ("DATE", 29), ("DAY", 4), ("HOUR", 23), ("MINUTE", 59), ("EPOCH", MOMENT / 1000)],
)
def test_a_part_of_a_time_is_that_of_utc(name: str, value: float) -> None:
    assert points(f"{name}(a)", a={MOMENT: 7.0}) == {MOMENT: value}


def test_the_days_of_a_week_are_counted_from_monday_on() -> None:
    """`Day of the week ... Monday is 1 and Sunday is 7.`"""
    day = 86_400_000
    week = [4 * day + number * day for number in range(7)]  # 5 January 1970 was a Monday
    assert list(points("DAY(a)", a=dict.fromkeys(week, 0.0)).values()) == [1, 2, 3, 4, 5, 6, 7]
