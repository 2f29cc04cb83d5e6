"""Explain field by field why an event matches a pattern or not."""

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


def explain_fields(pattern: Json, event: Json = EVENT) -> dict[str, FieldResult]:
    return {finding.field: finding for finding in explain_match(pattern, event).results}


def test_each_field_shows_the_expected_and_the_found_values() -> None:
    found = explain_fields({"source": ["aws.ecs"], "detail": {"lastStatus": ["RUNNING", {"prefix": "PEND"}]}})
    assert found["source"] == FieldResult("source", ["aws.ecs"], ["aws.ecs"], True)
    assert found["detail.lastStatus"] == FieldResult(
        "detail.lastStatus", ["RUNNING", {"prefix": "PEND"}], ["STOPPED"], False
    )


def test_a_missing_field_has_no_values() -> None:
    found = explain_fields({"detail": {"group": ["x"], "reason": [{"exists": False}]}})
    assert found["detail.group"] == FieldResult("detail.group", ["x"], [], False)
    assert found["detail.reason"].met


def test_the_values_of_all_elements_of_an_array_are_shown() -> None:
    assert explain_fields({"detail": {"containers": {"exitCode": [1]}}})["detail.containers.exitCode"].found == [1, 0]


def test_fields_that_match_in_different_elements_are_reported_as_met_separately() -> None:
    explanation = explain_match({"detail": {"containers": {"name": ["a"], "exitCode": [1]}}}, EVENT)
    assert (explanation.matches, explanation.met_separately) == (False, True)
    assert not explain_match({"source": ["x"]}, EVENT).met_separately


def test_an_or_shows_its_branches() -> None:
    found = explain_fields({"detail": {"$or": [{"lastStatus": ["RUNNING"]}, {"containers": {"exitCode": [1]}}]}})[
        "detail.$or"
    ]
    assert found.met
    assert [[(each.field, each.met) for each in branch] for branch in found.branches] == [
        [("detail.lastStatus", False)],
        [("detail.containers.exitCode", True)],
    ]


def test_an_invalid_pattern_is_rejected() -> None:
    with pytest.raises(EventPatternError):
        explain_match({"source": "aws.ecs"}, EVENT)


FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)
PATTERNS = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 2), min_size=1, max_size=2), min_size=1)


@given(FIELDS, PATTERNS)
def test_an_event_without_arrays_matches_exactly_if_all_its_fields_are_met(
    event: dict[str, int], pattern: dict[str, list[int]]
) -> None:
    explanation = explain_match(pattern, event)
    assert explanation.matches == compile_event_pattern(pattern).matches(event)
    assert explanation.matches == all(finding.met for finding in explanation.results)
