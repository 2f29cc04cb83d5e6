"""Queries agree with simple models, for any values; nothing raises but `QueryError`."""

import json
import re
import statistics
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.log_query import aggregates
from lamplighter.lang.log_query.aggregates import AGGREGATES, CountDistinct, Percentile
from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.functions import FUNCTIONS
from lamplighter.lang.log_query.parse_patterns import compile_glob
from lamplighter.lang.log_query.periods import read_period
from lamplighter.lang.log_query.query import QueryRun
from lamplighter.lang.log_query.rows import LogEvent, discover_fields
from lamplighter.lang.log_query.scanner import QueryError
from lamplighter.lang.log_query.values import (
    COMPARISONS,
    Instant,
    Structure,
    Value,
    calculate,
    sort_key,
    to_number,
    to_text,
)
from tests.lang.log_query.queries import NOW, make_events, run_query

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["1", "1.0", "-2e3", "", "nan", "1e999", "9" * 310, 10**400]),
    st.integers(0, 10**14).map(Instant),
    st.sampled_from([Structure([1, {"a": None}]), Structure({"a": "b"})]),
)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)
PIECES = st.sampled_from(
    [
        *(
            "fields",
            "filter",
            "stats",
            "sort",
            "limit",
            "parse",
            "dedup",
            "display",
            "unnest",
            "into",
            "SOURCE",
            "by",
            "as",
            "and",
            "or",
            "not",
        ),
        *(
            "like",
            "in",
            "count",
            "avg",
            "pct",
            "bin",
            "5m",
            "3",
            "a",
            "@message",
            "a.b",
            "'x'",
            '"y*"',
            "/z/",
            "`q r`",
            "a[0].b",
            "jsonParse",
        ),
        *("(", ")", "[", "]", ",", "|", "=", "!=", "<", "+", "-", "*", "/", "^", "%", "=~", "#", "\n", "\\", "ä"),
    ]
)


def assert_ascending(numbers: Sequence[int]) -> None:
    assert list(numbers) == sorted(numbers)


@given(st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        query = compile_query(text, NOW)
    except QueryError as error:
        place = (0, error.start, error.end, len(text))
        assert_ascending(place)
        return
    run = QueryRun(query, 5)
    for event in make_events('{"a": {"b": 1}}', "x y"):
        run.add(event)
    assert len(run.finish()) <= 5


@given(VALUES, VALUES)
def test_comparisons_and_arithmetic_raise_nothing_for_any_values(one: Value, other: Value) -> None:
    for compare in COMPARISONS.values():
        compare(one, other)
    for operator in "+-*/%^":
        result = calculate(operator, one, other)
        assert result is None or to_number(result) is not None
    assert isinstance(to_text(one), str)


@given(st.data())
def test_functions_raise_nothing_for_any_values(data: st.DataObject) -> None:
    function = FUNCTIONS[data.draw(st.sampled_from(sorted(FUNCTIONS)))]
    number = data.draw(st.integers(function.least, min(function.most, 4)))
    function.apply(data.draw(st.lists(VALUES, min_size=number, max_size=number)))


@given(st.lists(VALUES, max_size=12))
def test_a_sort_is_that_of_its_keys(values: list[Value]) -> None:
    ordered = sorted(values, key=sort_key)
    numbers = [number for value in ordered if value is not None and (number := to_number(value)) is not None]
    assert numbers == sorted(numbers)


@given(NUMBERS)
def test_aggregates_agree_with_the_standard_library(numbers: list[float]) -> None:
    found = {}
    for name in ("count", "sum", "avg", "min", "max", "stddev", "median"):
        aggregate = AGGREGATES[name]()
        for number in numbers:
            aggregate.add(number, 0)
        found[name] = to_number(aggregate.result())
    expected = {
        "count": len(numbers),
        "sum": sum(numbers),
        "avg": statistics.fmean(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "stddev": statistics.stdev(numbers) if len(numbers) > 1 else 0,
        "median": statistics.median(numbers),
    }
    for name, value in expected.items():
        assert abs((found[name] or 0) - value) <= 1e-6 * max(1, abs(value)), name


@given(NUMBERS, st.floats(0, 100))
def test_a_percentile_is_between_the_values_around_its_place(numbers: list[float], percent: float) -> None:
    aggregate = Percentile(percent)
    for number in numbers:
        aggregate.add(number, 0)
    found, ordered = to_number(aggregate.result()), sorted(numbers)
    place = int((len(ordered) - 1) * percent / 100)
    assert found is not None
    tolerance = 1e-6 * max(1, abs(found))
    assert ordered[place] - tolerance <= found <= ordered[min(place + 1, len(ordered) - 1)] + tolerance


def test_many_different_values_are_estimated_within_five_percent() -> None:
    aggregate = CountDistinct()
    number = 5 * aggregates.MAX_HASHES
    for value in range(number):
        aggregate.add(f"value {value}", 0)
        aggregate.add(f"value {value // 2}", 0)
    found = to_number(aggregate.result())
    assert found is not None
    assert abs(found - number) < number / 20


def test_a_sample_of_many_values_has_their_percentiles() -> None:
    aggregate = Percentile(90)
    for value in range(3 * aggregates.MAX_SAMPLE):
        aggregate.add(value, 0)
    found = to_number(aggregate.result())
    assert found is not None
    assert abs(found / (3 * aggregates.MAX_SAMPLE) - 0.9) < 0.01


@given(st.text("ab*", max_size=6), st.text("abc", max_size=10))
def test_a_glob_agrees_with_the_regular_expression_that_it_means(pattern: str, text: str) -> None:
    names = [f"n{number}" for number in range(pattern.count("*"))]
    if not names:
        return
    first, *others = map(re.escape, pattern.split("*"))
    expression = first
    for number, piece in enumerate(others):
        expression += f"(?P<n{number}>.*{'?' if piece or number < len(others) - 1 else ''}){piece}"
    expected = re.search(expression, text)
    found = compile_glob(pattern, names)(text)
    assert (dict(found) if found is not None else None) == (expected.groupdict() if expected else None)


@given(st.integers(0, 4 * 10**12), st.sampled_from(["1ms", "7s", "5m", "2h", "1d", "1w", "1mo", "1q", "2y"]))
def test_a_period_contains_its_time(time: int, text: str) -> None:
    period = read_period(text)
    assert period is not None
    begin, end = period.floor(time), period.ceil(time)
    assert begin <= time <= end
    assert period.floor(begin) == begin
    assert period.ceil(end) == end
    assert begin == end or period.ceil(begin + 1) == end


KEYS = st.text("ab", min_size=1, max_size=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_every_discovered_field_can_be_queried(document: dict[str, object]) -> None:
    (event,) = make_events(json.dumps(document))
    for name, value in discover_fields(event).items():
        (row,) = run_query(f"fields `{name}` as x", [event])
        assert row.get("x", "") == value


@given(st.text(max_size=30))
def test_any_message_has_fields(message: str) -> None:
    discover_fields(LogEvent(NOW, NOW, message, "s", "l", "p"))
    run_query("stats count(*) by a.b, @message", make_events(message, "{" + message, message + "}"))
