"""Why an event meets a pattern, or does not, field by field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.comparisons import EventPatternError
from lamplighter.lang.event_pattern.explain import FieldResult, explain_match
from lamplighter.lang.event_pattern.pattern import compile_event_pattern

EVENT: Json = {
    "source": "aws.ecs",
    "detail": {"lastStatus": "STOPPED", "containers": [{"name": "a", "exitCode": 0}, {"name": "b", "exitCode": 1}]},
}


def findings(pattern: Json, event: Json = EVENT) -> dict[str, FieldResult]:
    return {finding.field: finding for finding in explain_match(pattern, event).results}


def test_each_field_tells_what_was_wanted_and_what_was_found() -> None:
    found = findings({"source": ["aws.ecs"], "detail": {"lastStatus": ["RUNNING", {"prefix": "PEND"}]}})
    assert found["source"] == FieldResult("source", ["aws.ecs"], ["aws.ecs"], True)
    assert found["detail.lastStatus"] == FieldResult(
        "detail.lastStatus", ["RUNNING", {"prefix": "PEND"}], ["STOPPED"], False
    )


def test_a_field_that_is_not_there_has_no_values() -> None:
    found = findings({"detail": {"group": ["x"], "reason": [{"exists": False}]}})
    assert found["detail.group"] == FieldResult("detail.group", ["x"], [], False)
    assert found["detail.reason"].met


def test_the_values_of_all_elements_of_an_array_are_shown() -> None:
    assert findings({"detail": {"containers": {"exitCode": [1]}}})["detail.containers.exitCode"].found == [1, 0]


def test_fields_that_are_met_by_different_elements_are_told_to_be_apart() -> None:
    told = explain_match({"detail": {"containers": {"name": ["a"], "exitCode": [1]}}}, EVENT)
    assert (told.matches, told.met_separately) == (False, True)
    assert not explain_match({"source": ["x"]}, EVENT).met_separately


def test_a_choice_shows_its_branches() -> None:
    found = findings({"detail": {"$or": [{"lastStatus": ["RUNNING"]}, {"containers": {"exitCode": [1]}}]}})[
        "detail.$or"
    ]
    assert found.met
    assert [[(each.field, each.met) for each in branch] for branch in found.branches] == [
        [("detail.lastStatus", False)],
        [("detail.containers.exitCode", True)],
    ]


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(EventPatternError):
        explain_match({"source": "aws.ecs"}, EVENT)


FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)
WISHES = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 2), min_size=1, max_size=2), min_size=1)


@given(FIELDS, WISHES)
def test_what_matches_has_all_its_fields_met_and_without_arrays_the_other_way_round(
    event: dict[str, int], pattern: dict[str, list[int]]
) -> None:
    told = explain_match(pattern, event)
    assert told.matches == compile_event_pattern(pattern).matches(event)
    assert told.matches == all(finding.met for finding in told.results)
