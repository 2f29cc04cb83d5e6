"""Replay histories that were recorded from AWS, of machines that need no Task and no API.

The cases are beside the project, in ../shared/conformance; without them these tests are skipped.

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
"""Placeholders of values that differ in each recording."""


def recorded_cases() -> Iterator[Json]:
    """Yield the cases with one execution of a machine without a Task or a Map Run."""
    for path in sorted(CASES.glob("*/*.json")):
        case = loads(path.read_bytes())
        text = dumps([case.get("definition"), case.get("input")])
        events = case["expected"].get("get_execution_history", {}).get("events", [])
        plain = case.get("definition") and not any(word in text for word in ('"Task"', "DISTRIBUTED", "${"))
        if plain and events and all(isinstance(event["id"], int) for event in events):
            yield pytest.param(case, id=path.stem)


def equals_recording(recorded: Json, actual: Json, words: set[str]) -> bool:
    """Return whether a value equals the recorded one, placeholders aside."""
    if isinstance(recorded, str) and (recorded in words or VOLATILE.search(recorded)):
        return True
    recorded, actual = parse_document(recorded), parse_document(actual)
    if isinstance(recorded, dict):
        return (
            isinstance(actual, dict)
            and recorded.keys() == actual.keys()
            and all(equals_recording(recorded[k], actual[k], words) for k in recorded)
        )
    if isinstance(recorded, list):
        if not isinstance(actual, list) or len(recorded) != len(actual):
            return False
        return all(
            equals_recording(each, actual_item, words) for each, actual_item in zip(recorded, actual, strict=True)
        )
    return bool(recorded == actual)


def parse_document(value: Json) -> Json:
    """Return the value of a JSON text; recordings show the documents inside events as values."""
    try:
        return loads(value) if isinstance(value, str) else value
    except JsonError:
        return value


@pytest.mark.skipif(not CASES.exists(), reason="the recorded cases are not there")
@pytest.mark.parametrize("case", list(recorded_cases()))
def test_the_history_equals_the_history_recorded_from_aws(case: Json) -> None:
    simulated = SimulatedExecution(parse_definition(dumps(case["definition"])), case["input"]).run()
    recorded = case["expected"]["get_execution_history"]["events"]
    words = set(case["placeholders"])
    if case["unordered_events"]:
        assert sorted(simulated.types) == sorted(event["type"] for event in recorded)
        return
    assert simulated.types == [event["type"] for event in recorded]
    for actual, event in zip(simulated.history, recorded, strict=True):
        assert equals_recording(event, actual, words), (event, actual)
