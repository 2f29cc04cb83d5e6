"""Metric math computes what AWS documents.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.metric_math.evaluate import check_expression, evaluate, order_expressions
from lamplighter.lang.metric_math.functions import FUNCTIONS, MathContext, WorkLimit
from lamplighter.lang.metric_math.syntax import MetricMathError, UnsupportedFunction, parse_expression
from lamplighter.lang.metric_math.values import Series, Value

MINUTE = 60_000
FIRST = Series("first", 60, {0: 1.0, MINUTE: 2.0, 3 * MINUTE: 4.0})
SECOND = Series("second", 60, {0: 2.0, 2 * MINUTE: 3.0})
EMPTY = Series("empty", 60, {})
CONTEXT = MathContext(
    {"m1": FIRST, "m2": SECOND, "m3": EMPTY},
    {"m1": FIRST, "m2": SECOND, "m3": EMPTY},
    range(0, 4 * MINUTE, MINUTE),
)


def compute(text: str) -> Value:
    return evaluate(parse_expression(text), CONTEXT)


def minutes(text: str) -> dict[int, float]:
    """Return the points of the series that an expression makes, by the number of their minute."""
    found = compute(text)
    assert isinstance(found, Series)
    return {time // MINUTE: value for time, value in found.points.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4 ^ 2", 50.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("(1 + 2) * 3", 9.0),
        ("1 < 2 AND 2 >= 2 || 0", 1.0),
        ("1 == 2 OR 1 != 2", 1.0),
        ("1 && 0", 0.0),
        ("1.5e2", 150.0),
        ("ABS(-3)", 3.0),
        ("SUM(m1)", 7.0),
        ("MIN(m1) + MAX(m1)", 5.0),
        ("DATAPOINT_COUNT(m1)", 3.0),
        ("METRIC_COUNT(METRICS())", 3.0),
        ("PERIOD(m1)", 60.0),
        ("MAX(1, 2, 3)", 3.0),
        ("IF(1, 2, 3)", 2.0),
    ],
)
def test_an_expression_can_be_a_number(text: str, value: float) -> None:
    assert compute(text) == value


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("m1 + m2", {0: 3.0}),
        ("m1 * 2", {0: 2.0, 1: 4.0, 3: 8.0}),
        ("2 / m1", {0: 2.0, 1: 1.0, 3: 0.5}),
        ("m1 / 0", {}),
        ("m1 > 1", {0: 0.0, 1: 1.0, 3: 1.0}),
        ("SUM(METRICS())", {0: 3.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("SUM([m1, m2])", {0: 3.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("AVG([m1, m2])", {0: 1.5, 1: 1.0, 2: 1.5, 3: 2.0}),
        ("MAX(METRICS())", {0: 2.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("MIN([m1, m2])", {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("STDDEV([m1, m2])", {0: 0.5, 1: 0.0, 2: 0.0, 3: 0.0}),
        ("FILL(m1, 0)", {0: 1.0, 1: 2.0, 2: 0.0, 3: 4.0}),
        ("FILL(m1, REPEAT)", {0: 1.0, 1: 2.0, 2: 2.0, 3: 4.0}),
        ("FILL(m1, LINEAR)", {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("FILL(m2, LINEAR)", {0: 2.0, 1: 2.5, 2: 3.0}),
        ("FILL(m1, m2)", {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}),
        ("FILL(m3, 7)", {0: 7.0, 1: 7.0, 2: 7.0, 3: 7.0}),
        ("DIFF(m1)", {1: 1.0, 3: 2.0}),
        ("DIFF_TIME(m1)", {1: 60.0, 3: 120.0}),
        ("60 * RATE(m1)", {1: 1.0, 3: 1.0}),
        ("RUNNING_SUM(m1)", {0: 1.0, 1: 3.0, 3: 7.0}),
        ("TIME_SERIES(5)", {0: 5.0, 1: 5.0, 2: 5.0, 3: 5.0}),
        ("IF(m1 > 1, m1)", {1: 2.0, 3: 4.0}),
        ("IF(m1 > 1, 1, m2)", {0: 2.0, 1: 1.0, 3: 1.0}),
        ("CEIL(m1 / 3)", {0: 1.0, 1: 1.0, 3: 2.0}),
        ("FLOOR(m1 / 3)", {0: 0.0, 1: 0.0, 3: 1.0}),
        ("MINUTE(m1)", {0: 0.0, 1: 1.0, 3: 3.0}),
        ("EPOCH(m2)", {0: 0.0, 2: 120.0}),
        ("YEAR(m2) + MONTH(m2) + DATE(m2) + DAY(m2) + HOUR(m2)", {0: 1976.0, 2: 1976.0}),
        ("FIRST(SORT(METRICS(), SUM, DESC))", {0: 1.0, 1: 2.0, 3: 4.0}),
        ("LAST(REMOVE_EMPTY(METRICS()))", {0: 2.0, 2: 3.0}),
        ("SLICE(METRICS(), 1)", {0: 2.0, 2: 3.0}),
    ],
)
def test_an_expression_can_be_a_time_series(text: str, points: dict[int, float]) -> None:
    assert minutes(text) == pytest.approx(points)


def test_an_expression_can_be_an_array() -> None:
    found = compute('METRICS("m1") + 1')
    assert isinstance(found, tuple)
    assert [series.label for series in found] == ["first"]
    assert compute("SLICE(SORT(METRICS(), AVG, ASC, 2), 0, 2)") == (FIRST, SECOND)
    assert compute("REMOVE_EMPTY([m3, m3])") == ()


@pytest.mark.parametrize(
    "text",
    ["", "m1 +", "m1 m2", "(m1", "[m1", "m9", "FOO(m1)", "ABS()", "ABS(1, 2)", "'a' + 1", "LOG(0)", "1 / 0", "#", "[1]",
     "SORT(m1, m1, ASC)", "SLICE(METRICS(), 0.5)", "RATE(1)", "(" * 60 + "1" + ")" * 60, "1e999", "IF(m1, 'a')",
     "[m1, m2] + [m1]", "METRICS(1)"],
)  # fmt: skip
def test_a_wrong_expression_is_an_error(text: str) -> None:
    with pytest.raises(MetricMathError):
        compute(text)


def test_a_function_that_is_not_there_is_told_from_an_unknown_one() -> None:
    with pytest.raises(UnsupportedFunction, match="SEARCH"):
        check_expression(parse_expression("SUM(SEARCH('x', 'Sum', 60))"), frozenset())
    with pytest.raises(MetricMathError, match="Unknown function: FOO"):
        check_expression(parse_expression("FOO(1)"), frozenset())
    with pytest.raises(MetricMathError, match="Unknown id: m9"):
        check_expression(parse_expression("[m9] + 1"), frozenset({"m1"}))


def test_expressions_follow_those_that_they_name() -> None:
    texts = {"e1": "e2 + e3", "e2": "e3 * m1", "e3": "m1"}
    assert order_expressions({key: parse_expression(text) for key, text in texts.items()}) == ["e3", "e2", "e1"]
    with pytest.raises(MetricMathError, match="depend on each other: e1, e2"):
        order_expressions({"e1": parse_expression("e2"), "e2": parse_expression("-e1")})


WORDS = st.sampled_from(
    [*FUNCTIONS, "m1", "m2", "m3", "(", ")", "[", "]", ",", "+", "-", "*", "/", "^", "<", "AND", "1", "0.5", "'m'",
     "REPEAT", "ASC", "AVG"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=12))
def test_any_text_has_a_value_or_is_an_error(words: list[str]) -> None:
    try:
        found = compute(" ".join(words))
    except MetricMathError:
        return
    assert isinstance(found, float | str | Series | tuple)


def test_an_expression_with_too_many_operators_is_refused() -> None:
    """Its tree would be deeper than Python's stack."""
    assert compute("1" + "+1" * 400) == 401.0
    with pytest.raises(MetricMathError, match="operators"):
        parse_expression("1" + "+1" * 1_000)


def test_arrays_of_arrays_do_not_grow_without_limit() -> None:
    """A hundred names of a hundred names of a hundred series would fill the memory."""
    hundred = parse_expression(f"[{','.join(['e'] * 100)}]")
    found = evaluate(hundred, MathContext({"e": FIRST}, {}, ()))
    with pytest.raises(MetricMathError, match="1000 time series"):
        evaluate(hundred, MathContext({"e": found}, {}, ()))


def test_a_request_computes_a_limited_number_of_points() -> None:
    """The engine computes metric math between the calls of others, who would wait."""
    long = Series("m", 60, dict.fromkeys(range(0, 20_000 * MINUTE, MINUTE), 1.0))
    context = MathContext({"m": long}, {"m": long}, range(1), WorkLimit(100_000))
    evaluate(parse_expression("m + m"), context)
    with pytest.raises(MetricMathError, match="computes more than"):
        evaluate(parse_expression("m + m + m + m + m + m + m"), context)
