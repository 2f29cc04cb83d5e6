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


def ways(items: list[Item[int]]) -> list[dict[str, int]]:
    """All ways, each with what it asks of each field, as the engine of AWS lists them."""
    found: list[dict[str, int]] = [{}]
    for item in items:
        if isinstance(item, FieldCondition):
            found = [way | {item.name: item.condition} for way in found]
        else:
            found = [before | after for inner in item.branches for before in found for after in _after(before, inner)]
    return found


def _after(before: dict[str, int], inner: object) -> list[dict[str, int]]:
    assert isinstance(inner, list)
    return [{**before, **way} for way in ways(inner)]


def met(items: list[Item[int]], values: dict[str, int]) -> bool:
    """Whether values are as all items ask."""
    return all(
        values[item.name] == item.condition
        if isinstance(item, FieldCondition)
        else any(met(list(way), values) for way in item.branches)
        for item in items
    )


@given(st.lists(ITEMS, min_size=1, max_size=4))
def test_what_is_left_is_met_by_what_meets_one_of_the_ways_of_aws(items: list[Item[int]]) -> None:
    listed = ways(items)
    for chosen in itertools.product(range(10), repeat=2):
        for way in listed:
            values = dict(zip("abc", (*chosen, chosen[0]), strict=True)) | way
            assert met(merge_conditions(items), values)
        values = dict(zip("abc", (*chosen, 5), strict=True))
        assert met(merge_conditions(items), values) == any(way.items() <= values.items() for way in listed)


def test_a_pattern_that_would_grow_beyond_bounds_is_refused() -> None:
    again = [
        Choice([[FieldCondition("a", 1), FieldCondition(f"b{at}", 2)], [FieldCondition(f"c{at}", 3)]])
        for at in range(60)
    ]
    with pytest.raises(TooManyCombinations):
        merge_conditions(again)


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
def test_a_field_that_is_named_twice_has_its_last_word(pattern: Json, yes: list[Json], no: list[Json]) -> None:
    compiled = compile_event_pattern(pattern)
    assert [event for event in yes if not compiled.matches(event)] == []
    assert [event for event in no if compiled.matches(event)] == []


def test_a_pattern_of_too_many_combinations_is_refused_with_a_reason() -> None:
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
