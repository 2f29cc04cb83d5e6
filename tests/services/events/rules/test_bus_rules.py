"""An event is compared only with rules that it can match, with the same result as if it were compared with all."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.event_pattern.pattern import EventPatternError, compile_event_pattern
from lamplighter.services.events.rules.bus_rules import BusRules, CompiledRule, required_texts
from lamplighter.services.events.tables import resources
from lamplighter.services.events.tables.resources import Resource
from tests.services.events.events_harness import QUEUE, EventsHarness, make_target

TEXTS = st.sampled_from(["x", "y", "1.2.3.4", "::1", "0:0:0:0:0:0:0:1"])
VALUES = st.one_of(TEXTS, st.none(), st.integers(0, 2))
TESTS = st.one_of(VALUES, st.just({"exists": False}), st.just({"prefix": "x"}), st.just({"anything-but": "x"}))
NAMES = st.sampled_from(["a", "b", "a.b"])
PATTERNS = st.recursive(
    st.dictionaries(NAMES, st.lists(TESTS, min_size=1, max_size=2), min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, min_size=1, max_size=2),
        st.builds(lambda outer, one, other: {**outer, "$or": [one, other]}, inner, inner, inner),
    ),
    max_leaves=4,
)
EVENTS = st.dictionaries(
    NAMES,
    st.recursive(
        VALUES,
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
        max_leaves=6,
    ),
)


def compile_rule(name: str, pattern: Json) -> CompiledRule:
    rule = Resource("rule", "a", "r", "default", name, name, 0, 0, {}, {})
    return CompiledRule(rule, compile_event_pattern(pattern), required_texts(pattern))


def is_valid(pattern: Json) -> bool:
    try:
        compile_event_pattern(pattern)
    except EventPatternError:
        return False
    return True


def matching(rules: Sequence[CompiledRule], event: Json) -> list[str]:
    return sorted(each.resource.arn for each in rules if each.pattern is None or each.pattern.matches(event))


@given(st.lists(PATTERNS.filter(is_valid), max_size=5), EVENTS, st.sets(st.integers(0, 4)))
def test_an_event_matches_the_same_rules_as_if_all_were_tried(
    patterns: list[Json], event: Json, removed: set[int]
) -> None:
    compiled = [compile_rule(str(at), pattern) for at, pattern in enumerate(patterns)]
    bus = BusRules(compiled)
    assert matching(bus.candidates(event), event) == matching(compiled, event)
    for at in removed:
        bus.discard(str(at))
    left = [rule for at, rule in enumerate(compiled) if at not in removed]
    assert matching(bus.candidates(event), event) == matching(left, event)


def test_an_event_of_one_of_many_jobs_is_compared_with_few_patterns() -> None:
    def pattern(job: str) -> Json:
        return {"source": ["states"], "detail": {"machine": [f"arn:{job}"], "status": ["FAILED", "TIMED_OUT"]}}

    bus = BusRules(compile_rule(str(number), pattern(str(number))) for number in range(1_000))
    event = {"source": "states", "detail": {"machine": "arn:7", "status": "FAILED"}}
    assert len(bus.candidates(event)) <= 3
    assert matching(bus.candidates(event), event) == ["7"]


@pytest.fixture
def whole_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the kinds of which all rows were read, in a list that grows."""
    found: list[str] = []
    read = resources.all_readable

    def record(*arguments: Json) -> Json:
        found.append(arguments[1])
        return read(*arguments)

    monkeypatch.setattr(resources, "all_readable", record)
    return found


def test_a_new_a_changed_and_a_deleted_rule_are_read_alone(harness: EventsHarness, whole_reads: list[str]) -> None:
    harness.put_rule({"source": ["first"]}, make_target(QUEUE), name="first")
    harness.put_event(source="first")
    whole_reads.clear()
    for number in range(5):
        harness.put_rule({"source": [f"s{number}"]}, make_target(QUEUE), name=f"r{number}")
        harness.put_event(source=f"s{number}")
    harness.events("DisableRule", Name="r0")
    harness.put_event(source="s0")
    harness.events("RemoveTargets", Rule="r1", Ids=["1"])
    harness.events("PutRule", Name="r2", EventPattern=dumps({"source": ["s9"]}))
    harness.put_event(source="s2")
    harness.put_event(source="s9")
    harness.settle()
    assert whole_reads == []
    assert [each["source"] for each in harness.messages()] == ["first", "s0", "s1", "s2", "s3", "s4", "s9"]
