"""The disk is full: calls are refused, nothing of them is kept; what the world told is written when there is room."""

import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.runtime.fake import Script
from tests.engine_harness import SECOND, WITH_TOKEN, EngineHarness, job

AT = pytest.mark.parametrize("at", ["write", "COMMIT"])


@AT
def test_a_call_is_refused_with_503_and_nothing_of_it_is_kept(harness: EngineHarness, at: str) -> None:
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    harness.disk.fill(at)
    with pytest.raises(Unavailable, match="database or disk is full") as refused:
        harness.start(machine, name="night")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    assert harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"] == []
    harness.disk.fill("")
    execution = harness.start(machine, name="night")
    harness.settle()
    assert harness.types(execution)[-1] == "ExecutionSucceeded"
    assert [event.detail["status"] for event in harness.heard("aws.states")] == ["RUNNING", "SUCCEEDED"]


@AT
def test_reading_goes_on(harness: EngineHarness, at: str) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30})
    harness.disk.fill(at)
    assert harness.status(execution) == "RUNNING"
    assert harness.types(execution) == ["ExecutionStarted", "WaitStateEntered"]


@AT
def test_a_refused_turn_changes_nothing_of_what_the_engine_believes(harness: EngineHarness, at: str) -> None:
    """The execution in memory had gone on when the turn was lost: it is read again, or the second answer would fail."""
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN))
    answer = {"taskToken": harness.token(), "output": "{}"}
    harness.disk.fill(at)
    for _ in range(3):
        with pytest.raises(Unavailable):
            harness.call("states", "SendTaskSuccess", **answer)
    harness.disk.fill("")
    assert harness.status(execution) == "RUNNING"
    harness.call("states", "SendTaskSuccess", **answer)
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.types(execution).count("TaskSucceeded") == 1


@AT
def test_the_exit_of_a_container_is_written_when_there_is_room_again(harness: EngineHarness, at: str) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=0, after=5 * SECOND))
    execution = harness.run_machine(job())
    (name,) = harness.runtime.runs()
    harness.disk.fill(at)
    harness.advance(60 * SECOND)
    assert harness.status(execution) == "RUNNING"
    assert harness.runtime.left() == [name], "its exit is not on record, so it must not be removed"
    harness.disk.fill("")
    harness.advance(SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert (harness.runtime.runs(), harness.runtime.left()) == ([name], [])
    assert [event.detail["status"] for event in harness.heard("aws.states")] == ["RUNNING", "SUCCEEDED"]


@AT
@pytest.mark.parametrize("refusals", [1, 2, 3, 5])
def test_a_disk_that_is_full_now_and_then_runs_nothing_twice(harness: EngineHarness, at: str, refusals: int) -> None:
    """Room is made after so many refusals, and lasts for a few seconds."""
    harness.define_task()
    harness.runtime.script(Script(after=2 * SECOND))
    harness.runtime.script(Script(code=1, after=2 * SECOND), lambda _: len(harness.runtime.runs()) == 0)
    execution = harness.run_machine(job(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}]))
    for half in range(120):
        if half % 8 == 0:
            harness.disk.fill(at, until=refusals)
        harness.advance(SECOND // 2)
    harness.disk.fill("")
    harness.advance(10 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(set(harness.runtime.runs())) == len(harness.runtime.runs()) == 2
    assert harness.runtime.left() == []
    kinds = harness.types(execution)
    assert (kinds.count("TaskSubmitted"), kinds.count("TaskFailed"), kinds.count("TaskSucceeded")) == (2, 1, 1)


@AT
def test_a_timer_that_could_not_be_rung_rings_when_there_is_room_again(harness: EngineHarness, at: str) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30})
    harness.disk.fill(at)
    harness.advance(60 * SECOND)
    assert harness.status(execution) == "RUNNING"
    harness.disk.fill("")
    harness.advance(SECOND)
    assert harness.status(execution) == "SUCCEEDED"


@AT
def test_the_engine_tries_again_now_and_then_and_does_not_spin(
    harness: EngineHarness, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=5 * SECOND))
    harness.run_machine({"Type": "Wait", "Seconds": 30}, name="waits")
    harness.run_machine(job(), name="works")
    harness.disk.fill(at)
    with caplog.at_level(logging.ERROR, "lamplighter"):
        for _ in range(120):
            harness.advance(SECOND // 2)
    assert 60 < harness.disk.refused < 1000
    said = [record for record in caplog.records if "cannot be written" in record.getMessage()]
    assert len(said) == 1, "said once, not at every try"


def test_a_slice_of_a_large_map_that_could_not_be_kept_is_done_again(harness: EngineHarness) -> None:
    items = list(range(1000))
    each = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": each, "End": True}}})
    execution = harness.start(machine, items)
    for _ in range(20):
        harness.disk.fill("COMMIT", until=2)
        for _ in range(4):
            harness.advance(SECOND // 2)
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.types(execution).count("MapIterationSucceeded") == 1000
