"""Conditions that are met together in arrays: found as trying all elements would find them, in bounded work."""

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


def _one(pair: Json) -> bool:
    return bool(pair.get("x") == "1" == pair.get("y"))


@given(EVENTS)
def test_fields_of_one_array_are_met_by_one_element(event: Json) -> None:
    pattern = compile_event_pattern({"a": {"x": ["1"], "in": BOTH}, "b": BOTH})
    expected = any(
        outer["x"] == "1" and _one(inner) and _one(other)
        for outer in event["a"]
        for inner, other in product(outer["in"], event["b"])
    )
    assert pattern.matches(event) is expected


@given(EVENTS)
def test_a_choice_is_about_the_elements_that_were_chosen(event: Json) -> None:
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


def test_arrays_that_have_nothing_to_do_with_each_other_are_looked_at_one_by_one() -> None:
    names = [f"a{at}" for at in range(12)]
    pattern = compile_event_pattern(dict.fromkeys(names, BOTH))
    met = {name: [{"x": "1", "y": "1"}] * 50 for name in names}
    assert pattern.matches(met)
    assert not pattern.matches(met | {"a9": [{"x": "1", "y": "0"}, {"x": "0", "y": "1"}]})


def test_an_event_that_has_too_many_values_for_a_pattern_is_refused() -> None:
    names = [f"a{at}" for at in range(8)]
    choice = [{name: {"y": ["1"]}} for name in names[:2]]
    pattern = compile_event_pattern({**{name: {"x": ["1"]} for name in names}, "$or": choice})
    event = {name: [*[{"x": "1", "y": "0"}] * 10, {"x": "0", "y": "1"}] for name in names}
    with pytest.raises(PatternTooComplex, match=f"more than {MAX_VALUES} values"):
        pattern.matches(event)
