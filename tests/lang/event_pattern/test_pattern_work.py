"""Conditions on arrays match as a search of all elements would match, with a bounded amount of work."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.pattern import MAX_VALUES, PatternTooComplex, compile_event_pattern

PAIRS = st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["0", "1"]), max_size=2)
EVENTS = st.fixed_dictionaries(
    {
        "a": st.lists(
            st.fixed_dictionaries({"x": st.sampled_from("01"), "in": st.lists(PAIRS, max_size=3)}), max_size=3
        ),
        "b": st.lists(PAIRS, max_size=3),
    }
)
BOTH = {"x": ["1"], "y": ["1"]}
CHOICE = [{"a": {"in": {"x": ["0"]}}}, {"b": {"y": ["0"]}}]


def _matches_both(pair: Json) -> bool:
    return bool(pair.get("x") == "1" == pair.get("y"))


@given(EVENTS)
def test_conditions_on_one_array_must_match_in_one_element(event: Json) -> None:
    pattern = compile_event_pattern({"a": {"x": ["1"], "in": BOTH}, "b": BOTH})
    expected = any(
        outer["x"] == "1" and _matches_both(inner) and _matches_both(other)
        for outer in event["a"]
        for inner, other in product(outer["in"], event["b"])
    )
    assert pattern.matches(event) is expected


@given(EVENTS)
def test_an_or_applies_to_the_elements_that_match_the_other_conditions(event: Json) -> None:
    pattern = compile_event_pattern({"a": {"x": ["1"], "in": {"y": ["1"]}}, "b": {"x": ["1"]}, "$or": CHOICE})
    expected = any(
        outer["x"] == "1"
        and inner.get("y") == "1"
        and other.get("x") == "1"
        and (inner.get("x") == "0" or other.get("y") == "0")
        for outer in event["a"]
        for inner, other in product(outer["in"], event["b"])
    )
    assert pattern.matches(event) is expected


def test_independent_arrays_are_matched_one_by_one() -> None:
    names = [f"a{at}" for at in range(12)]
    pattern = compile_event_pattern(dict.fromkeys(names, BOTH))
    event = {name: [{"x": "1", "y": "1"}] * 50 for name in names}
    assert pattern.matches(event)
    assert not pattern.matches(event | {"a9": [{"x": "1", "y": "0"}, {"x": "0", "y": "1"}]})


def test_an_event_that_has_too_many_values_for_a_pattern_is_rejected() -> None:
    names = [f"a{at}" for at in range(8)]
    choice = [{name: {"y": ["1"]}} for name in names[:2]]
    pattern = compile_event_pattern({**{name: {"x": ["1"]} for name in names}, "$or": choice})
    event = {name: [*[{"x": "1", "y": "0"}] * 10, {"x": "0", "y": "1"}] for name in names}
    with pytest.raises(PatternTooComplex, match=f"more than {MAX_VALUES} values"):
        pattern.matches(event)
