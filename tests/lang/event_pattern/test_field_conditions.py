import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.field_conditions import (
    Choice,
    FieldCondition,
    Item,
    TooManyCombinations,
    merge_conditions,
)
from lamplighter.lang.event_pattern.pattern import EventPatternError, compile_event_pattern

ITEMS = st.recursive(
    st.builds(FieldCondition, st.sampled_from("abc"), st.integers(0, 9)),
    lambda inner: st.builds(Choice, st.lists(st.lists(inner, min_size=1, max_size=3), min_size=2, max_size=2)),
    max_leaves=8,
)


def combinations(items: list[Item[int]]) -> list[dict[str, int]]:
    """Return all combinations, each with its condition for each field, as the engine of AWS lists them."""
    found: list[dict[str, int]] = [{}]
    for item in items:
        if isinstance(item, FieldCondition):
            found = [combination | {item.name: item.condition} for combination in found]
        else:
            found = [before | after for inner in item.branches for before in found for after in _extend(before, inner)]
    return found


def _extend(combination: dict[str, int], inner: object) -> list[dict[str, int]]:
    assert isinstance(inner, list)
    return [{**combination, **way} for way in combinations(inner)]


def is_met(items: list[Item[int]], values: dict[str, int]) -> bool:
    """Return whether the values meet all items."""
    return all(
        values[item.name] == item.condition
        if isinstance(item, FieldCondition)
        else any(is_met(list(branch), values) for branch in item.branches)
        for item in items
    )


@given(st.lists(ITEMS, min_size=1, max_size=4))
def test_values_meet_the_merged_conditions_exactly_if_they_meet_a_combination_of_aws(items: list[Item[int]]) -> None:
    listed = combinations(items)
    for chosen in itertools.product(range(10), repeat=2):
        for combination in listed:
            values = dict(zip("abc", (*chosen, chosen[0]), strict=True)) | combination
            assert is_met(merge_conditions(items), values)
        values = dict(zip("abc", (*chosen, 5), strict=True))
        assert is_met(merge_conditions(items), values) == any(
            combination.items() <= values.items() for combination in listed
        )


def test_conditions_with_too_many_combinations_are_rejected() -> None:
    choices = [
        Choice([[FieldCondition("a", 1), FieldCondition(f"b{at}", 2)], [FieldCondition(f"c{at}", 3)]])
        for at in range(60)
    ]
    with pytest.raises(TooManyCombinations):
        merge_conditions(choices)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ({"a.b": ["x"], "a": {"b": ["y"]}}, [{"a": {"b": "y"}}], [{"a": {"b": "x"}}]),
        (
            {"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]},
            [{"a": "y"}, {"a": "x", "b": "z"}],
            [{"a": "x"}, {"a": "w", "b": "z"}],
        ),
        ({"$or": [{"a": ["y"]}, {"b": ["z"]}], "a": ["x"]}, [{"a": "x"}], [{"a": "y"}, {"b": "z"}]),
    ],
)
def test_the_last_condition_of_a_repeated_field_is_used(pattern: Json, yes: list[Json], no: list[Json]) -> None:
    compiled = compile_event_pattern(pattern)
    assert [event for event in yes if not compiled.matches(event)] == []
    assert [event for event in no if compiled.matches(event)] == []


def test_a_pattern_with_too_many_combinations_is_rejected_with_a_reason() -> None:
    path = "a.b.c.d.e.f.g.h"
    pattern: Json = {}
    for number, cuts in enumerate(itertools.product([False, True], repeat=7)):
        at, place = pattern, path[0]
        for cut, step in zip(cuts, path[2::2], strict=True):
            if cut:
                at, place = at.setdefault(place, {}), step
            else:
                place += f".{step}"
        at.setdefault("$or", [{place: ["x"], f"{number}x": ["y"]}, {f"{number}y": ["y"]}])
    with pytest.raises(EventPatternError) as raised:
        compile_event_pattern(pattern)
    assert "too many combinations" in raised.value.reason
