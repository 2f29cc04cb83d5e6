"""The functions behind the intrinsics follow AWS's examples, recordings and rules."""

import base64
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.intrinsics import functions as f

INTEGERS = st.integers(-1000, 1000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5]) | st.text(max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(VALUES, max_size=9), st.integers(1, 5))
def test_the_parts_of_a_partition_join_to_the_array(items: list[Json], size: int) -> None:
    parts = f.partition(items, size)
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])


@given(INTEGERS, INTEGERS, INTEGERS.filter(bool))
def test_a_range_begins_at_the_first_and_never_passes_the_last(first: int, last: int, step: int) -> None:
    numbers = list(f.number_range(first, last, step))
    assert {later - former for former, later in pairwise(numbers)} <= {step}
    assert numbers[:1] == ([first] if (last - first) * step >= 0 else [])
    assert not numbers or 0 <= (last - numbers[-1]) * (1 if step > 0 else -1) < abs(step)


@given(st.lists(VALUES, max_size=6))
def test_a_unique_array_has_each_value_once_and_in_order(items: list[Json]) -> None:
    once = f.unique_values(items)
    assert f.unique_values(once) == once
    assert all(f.contains(once, item) for item in items)
    assert not any(f.contains(once[:index], item) for index, item in enumerate(once))


def test_values_of_different_types_are_different() -> None:
    # recorded from AWS for the length; the documentation for the rest
    assert f.unique_values([1, True, 1.0, "1", None, 0, False, [], {}]) == [1, True, 1.0, "1", None, 0, False, [], {}]
    assert f.unique_values([1, 2, 3, 3, 3, 4, 4]) == [1, 2, 3, 4]
    assert f.unique_values([{"a": 1, "b": 2}, {"b": 2, "a": 1}]) == [{"a": 1, "b": 2}]


def test_a_value_that_repeats_stays_at_the_place_of_its_first_occurrence() -> None:
    # AWS's recordings and documentation show only repetitions side by side, and keep the order of the array
    assert f.unique_values([1, 2, 1, 3]) == [1, 2, 3]
    assert list(f.unique_values([{"a": 1, "b": 2}, "x", {"b": 2, "a": 1}])[0]) == ["a", "b"]


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_decoding_reverses_base64_encoding(text: str) -> None:
    assert f.encode_base64(text) == base64.b64encode(text.encode()).decode()
    assert f.decode_base64(f.encode_base64(text)) == text


@given(st.floats(-1e6, 1e6))
def test_halves_are_rounded_up(number: float) -> None:
    assert f.round_half_up(number) == floor(Fraction(number) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("first", "second", "total"),
    [
        (-9, 3, -6),
        (1.49, 1.5, 3),
        (1.5, 1.51, 4),
        (-1.49, -1.5, -2),
        (-1.5, -1.51, -3),
        (-2.5, 0, -2),
        (0.5, 0, 1),
        (-0.5, 0.5, 1),
    ],
)
def test_sums_equal_those_recorded_from_aws(first: float, second: float, total: int) -> None:
    assert f.math_add(first, second) == total


@given(INTEGERS, st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_a_random_number_is_at_least_the_first_and_below_the_last(low: int, span: int, random: float) -> None:
    assert low <= f.random_number(low, low + span, random) < low + span


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_seed_always_returns_the_same_random_number(seed: float) -> None:
    assert 0 <= f.seeded_random(seed) < 1
    assert f.seeded_random(seed) == f.seeded_random(seed)


def test_different_seeds_return_different_random_numbers() -> None:
    assert len({f.seeded_random(seed) for seed in range(100)}) == 100


@pytest.mark.parametrize(
    ("text", "delimiter", "parts"),
    [
        ("1,2,3,4,5", ",", ["1", "2", "3", "4", "5"]),
        ("This.is+a,test=string", ".+,=", ["This", "is", "a", "test", "string"]),
        ("a\n,,,\nb", ",", ["a\n", "\nb"]),
        ("Hello\nWorld", "\n", ["Hello", "World"]),
        (",", ",", []),
        ("", ",", []),
        ("abc", "", ["abc"]),
        ("a]b^c-d\\e", "]^-\\", ["a", "b", "c", "d", "e"]),
    ],
)
def test_a_text_is_split_at_each_character_of_the_delimiter(text: str, delimiter: str, parts: list[str]) -> None:
    assert f.split_text(text, delimiter) == parts


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_digests_equal_those_of_the_standards(algorithm: str, expected: str) -> None:
    assert f.hash_value("abc", algorithm) == expected


def test_a_digest_equals_the_one_recorded_from_aws() -> None:
    assert (
        f.hash_value("Hash this string", "SHA-256")
        == "1cac63f39fd68d8c531f27b807610fb3d50f0fc3f186995767fb6316e7200a3e"
    )
    assert [len(f.hash_value({"a": 1}, name)) for name in f.ALGORITHMS] == [32, 40, 64, 96, 128]


def test_a_merge_is_shallow_and_the_second_wins() -> None:
    first, second = {"a": {"a1": 1, "a2": 2}, "b": 2, "d": 3}, {"a": {"a3": 1, "a4": 2}, "c": 3, "d": 4}
    assert f.json_merge(first, second, deep=False) == {"a": {"a3": 1, "a4": 2}, "b": 2, "c": 3, "d": 4}


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        ("Hello, my name is {}.", ["Arnav"], "Hello, my name is Arnav."),
        (r"\{\} {} \\ \'", [1], r"{} 1 \ '"),
        (r"\\{}", ["x"], r"\x"),
        ("{}{}{}", [None, True, 1.5], "nulltrue1.5"),
        ("{}", ["{}"], "{}"),
        ("{}", [["a", {"b": None}]], "[a, {b=null}]"),
        ("{}", [{"Id": "arn:x", "Name": "y"}], "{Id=arn:x, Name=y}"),
        ("none", [], "none"),
    ],
)
def test_a_template_is_filled_with_its_arguments(template: str, arguments: list[Json], text: str) -> None:
    assert f.format_text(template, *arguments) == text


@pytest.mark.parametrize(
    "failing",
    [
        lambda: f.format_text("{}"),
        lambda: f.format_text("", 1),
        lambda: f.format_text(1),
        lambda: f.parse_json("{"),
        lambda: f.parse_json(1),
        lambda: f.partition([1], 0),
        lambda: f.partition("ab", 1),
        lambda: f.array_range(0, 1000, 1),
        lambda: f.array_range(0, 1e308, 2),
        lambda: f.array_range(0, 1, 0),
        lambda: f.array_range(0, 1, True),
        lambda: f.array_item([1], 1),
        lambda: f.array_item([1], -1),
        lambda: f.array_length("abc"),
        lambda: f.unique_values({}),
        lambda: f.contains(None, None),
        lambda: f.encode_base64("x" * 10_001),
        lambda: f.decode_base64("!!!"),
        lambda: f.decode_base64("/w=="),
        lambda: f.hash_value("a", "CRC"),
        lambda: f.hash_value("a", ["MD5"]),
        lambda: f.hash_value("x" * 10_001, "MD5"),
        lambda: f.json_merge({}, [], deep=False),
        lambda: f.json_merge({}, {}, deep=True),
        lambda: f.math_add("1", 2),
        lambda: f.math_add(2**31 - 1, 1),
        lambda: f.random_number(5, 5, 0.5),
        lambda: f.seeded_random("x"),
        lambda: f.split_text(1, ","),
        lambda: f.split_text("a", None),
    ],
)
def test_an_invalid_argument_is_a_clear_error(failing: Callable[[], object]) -> None:
    with pytest.raises(f.FunctionError, match=r"\w+ \w+"):
        failing()


def test_the_longest_range_and_text_are_accepted() -> None:
    assert len(f.array_range(1, 1000, 1)) == 1000
    assert len(f.decode_base64("YWFh" * 2500)) == 7500
