"""Histories that AWS recorded, where nothing but the machine is needed: no Task, no API.

The cases lie beside the project, in ../shared/conformance; without them these tests are skipped.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from tests.asl.simulated_execution import SimulatedExecution

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "cases"
VOLATILE = re.compile(r"<[\w:]+>|^timestamp$|^datetime$|^uuid$|^snf_role_arn$|^\"date\"$")
"""What stands for a value that is another each time."""


def recorded() -> Iterator[Json]:
    """The cases with one execution, of a machine without a Task or a Map Run."""
    for path in sorted(CASES.glob("*/*.json")):
        case = loads(path.read_bytes())
        text = dumps([case.get("definition"), case.get("input")])
        events = case["expected"].get("get_execution_history", {}).get("events", [])
        plain = case.get("definition") and not any(word in text for word in ('"Task"', "DISTRIBUTED", "${"))
        if plain and events and all(isinstance(event["id"], int) for event in events):
            yield pytest.param(case, id=path.stem)


def same(told: Json, ours: Json, words: set[str]) -> bool:
    """Whether ours is what was recorded, placeholders aside."""
    if isinstance(told, str) and (told in words or VOLATILE.search(told)):
        return True
    told, ours = document(told), document(ours)
    if isinstance(told, dict):
        return (
            isinstance(ours, dict) and told.keys() == ours.keys() and all(same(told[k], ours[k], words) for k in told)
        )
    if isinstance(told, list):
        if not isinstance(ours, list) or len(told) != len(ours):
            return False
        return all(same(each, mine, words) for each, mine in zip(told, ours, strict=True))
    return bool(told == ours)


def document(value: Json) -> Json:
    """Recordings show documents inside of events as what their text means."""
    try:
        return loads(value) if isinstance(value, str) else value
    except JsonError:
        return value


@pytest.mark.skipif(not CASES.exists(), reason="the recorded cases are not there")
@pytest.mark.parametrize("case", list(recorded()))
def test_the_history_is_the_one_that_aws_recorded(case: Json) -> None:
    night = SimulatedExecution(parse_definition(dumps(case["definition"])), case["input"]).run()
    told = case["expected"]["get_execution_history"]["events"]
    words = set(case["placeholders"])
    if case["unordered_events"]:
        assert sorted(night.types) == sorted(event["type"] for event in told)
        return
    assert night.types == [event["type"] for event in told]
    for mine, event in zip(night.history, told, strict=True):
        assert same(event, mine, words), (event, mine)
