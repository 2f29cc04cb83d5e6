"""The operations on the bus that list and count the items of a Map Run for the console."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.states.map_runs import map_run_items
from tests.engine_harness import SECOND, EngineHarness, chain

RULES: Json = [{"Variable": "$", "NumericEquals": 7, "Next": "No"}]
PROCESSOR: Json = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 7, "Next": "No"}],
            "Default": "Pause",
        },
        "No": {"Type": "Fail", "Error": "Seven"},
        "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Done"},
        "Done": {"Type": "Pass", "End": True},
    },
}


def start_map(harness: EngineHarness, items: Json) -> str:
    """Start a run of a distributed Map, and return the ARN of its Map Run."""
    state: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": PROCESSOR, "ToleratedFailureCount": 99}
    execution = harness.start(harness.machine(chain(state)), {"items": items})
    harness.settle()
    (run,) = harness.call("states", "ListMapRuns", executionArn=execution)["mapRuns"]
    arn: str = run["mapRunArn"]
    return arn


def count(harness: EngineHarness, map_run: str) -> Json:
    return harness.call("states", "CountMapRunStates", mapRunArn=map_run)


def test_items_are_counted_in_the_state_in_which_they_are(harness: EngineHarness) -> None:
    map_run = start_map(harness, [1, 7, 2])
    found = count(harness, map_run)
    assert (found["running"], found["failed"], found["aborted"]) == ({"Pause": 2}, {"No": 1}, {})
    assert found["passed"] == {"Look": 3}
    assert found["complete"] == {"running": True, "failed": True, "aborted": True, "passed": True}
    harness.advance(5 * SECOND)
    assert count(harness, map_run)["passed"] == {"Look": 3, "Pause": 2, "Done": 2}


def test_no_more_than_a_few_children_are_read_and_the_answer_says_so(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_run_items, "MAX_CHILDREN", 4)
    map_run = start_map(harness, [7, 7, 7, 1, 2])
    found = count(harness, map_run)
    assert (found["running"], found["failed"]) == ({"Pause": 2}, {"No": 2})
    assert found["complete"] == {"running": True, "failed": False, "aborted": True, "passed": False}


def test_no_more_than_a_few_characters_of_histories_are_read(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_run_items, "MAX_HISTORY_LENGTH", 0)
    map_run = start_map(harness, [1, 2])
    assert count(harness, map_run)["running"] == {"Pause": 1}


def test_stopped_items_are_no_failed_ones(harness: EngineHarness) -> None:
    map_run = start_map(harness, [1, 7])
    execution = harness.call("states", "DescribeMapRun", mapRunArn=map_run)["executionArn"]
    harness.call("states", "StopExecution", executionArn=execution)
    harness.settle()
    found = count(harness, map_run)
    assert (found["failed"], found["aborted"]) == ({"No": 1}, {"Pause": 1})


def test_a_long_input_is_not_read(harness: EngineHarness) -> None:
    map_run = start_map(harness, ["x" * 20_000, 1])
    first, second = harness.call("states", "ListMapRunItems", mapRunArn=map_run, limit=10)["items"]
    assert ("input" in first, first["inputLength"]) == (False, 20_002)
    assert (second["input"], second["index"], second["itemCount"], second["status"]) == ("1", 1, 1, "RUNNING")
