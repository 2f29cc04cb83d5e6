"""On a full disk calls are rejected and leave no trace; exits and timers are handled when there is room again."""

import logging

import pytest

from lamplighter.base.errors import Unavailable
from tests.engine_harness import SECOND, WITH_TOKEN, EngineHarness, job
from tests.fake_runtime import Script

FULL_AT = pytest.mark.parametrize("full_at", ["write", "COMMIT"])


@FULL_AT
def test_a_call_is_rejected_with_503_and_leaves_no_trace(harness: EngineHarness, full_at: str) -> None:
    machine = harness.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    harness.disk.fill(full_at)
    with pytest.raises(Unavailable, match="database or disk is full") as refused:
        harness.start(machine, name="night")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    assert harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"] == []
    harness.disk.fill("")
    execution = harness.start(machine, name="night")
    harness.settle()
    assert harness.types(execution)[-1] == "ExecutionSucceeded"
    assert [event.detail["status"] for event in harness.published_events("aws.states")] == ["RUNNING", "SUCCEEDED"]


@FULL_AT
def test_reads_continue_on_a_full_disk(harness: EngineHarness, full_at: str) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30})
    harness.disk.fill(full_at)
    assert harness.status(execution) == "RUNNING"
    assert harness.types(execution) == ["ExecutionStarted", "WaitStateEntered"]


@FULL_AT
def test_a_rejected_turn_does_not_change_the_execution_in_memory(harness: EngineHarness, full_at: str) -> None:
    """The execution in memory had advanced before the turn was lost, so it must be read again for the second answer."""
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN))
    answer = {"taskToken": harness.token(), "output": "{}"}
    harness.disk.fill(full_at)
    for _ in range(3):
        with pytest.raises(Unavailable):
            harness.call("states", "SendTaskSuccess", **answer)
    harness.disk.fill("")
    assert harness.status(execution) == "RUNNING"
    harness.call("states", "SendTaskSuccess", **answer)
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.types(execution).count("TaskSucceeded") == 1


@FULL_AT
def test_the_exit_of_a_container_is_written_when_there_is_room_again(harness: EngineHarness, full_at: str) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=0, after=5 * SECOND))
    execution = harness.run_machine(job())
    (name,) = harness.runtime.started_names()
    harness.disk.fill(full_at)
    harness.advance(60 * SECOND)
    assert harness.status(execution) == "RUNNING"
    assert harness.runtime.remaining() == [name], "its exit is not on record, so it must not be removed"
    harness.disk.fill("")
    harness.advance(SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert (harness.runtime.started_names(), harness.runtime.remaining()) == ([name], [])
    assert [event.detail["status"] for event in harness.published_events("aws.states")] == ["RUNNING", "SUCCEEDED"]


@FULL_AT
@pytest.mark.parametrize("refusals", [1, 2, 3, 5])
def test_a_disk_that_is_full_from_time_to_time_runs_no_container_twice(
    harness: EngineHarness, full_at: str, refusals: int
) -> None:
    """After `refusals` rejected writes the disk has room for a few seconds."""
    harness.define_task()
    harness.runtime.script(Script(after=2 * SECOND))
    harness.runtime.script(Script(code=1, after=2 * SECOND), lambda _: len(harness.runtime.started_names()) == 0)
    execution = harness.run_machine(job(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}]))
    for half in range(120):
        if half % 8 == 0:
            harness.disk.fill(full_at, until=refusals)
        harness.advance(SECOND // 2)
    harness.disk.fill("")
    harness.advance(10 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(set(harness.runtime.started_names())) == len(harness.runtime.started_names()) == 2
    assert harness.runtime.remaining() == []
    kinds = harness.types(execution)
    assert (kinds.count("TaskSubmitted"), kinds.count("TaskFailed"), kinds.count("TaskSucceeded")) == (2, 1, 1)


@FULL_AT
def test_a_timer_that_could_not_fire_fires_when_there_is_room_again(harness: EngineHarness, full_at: str) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30})
    harness.disk.fill(full_at)
    harness.advance(60 * SECOND)
    assert harness.status(execution) == "RUNNING"
    harness.disk.fill("")
    harness.advance(SECOND)
    assert harness.status(execution) == "SUCCEEDED"


@FULL_AT
def test_the_engine_retries_periodically_and_does_not_spin(
    harness: EngineHarness, full_at: str, caplog: pytest.LogCaptureFixture
) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=5 * SECOND))
    harness.run_machine({"Type": "Wait", "Seconds": 30}, name="waits")
    harness.run_machine(job(), name="works")
    harness.disk.fill(full_at)
    with caplog.at_level(logging.ERROR, "lamplighter"):
        for _ in range(120):
            harness.advance(SECOND // 2)
    assert 60 < harness.disk.refused < 1000
    records = [record for record in caplog.records if "cannot be written" in record.getMessage()]
    assert len(records) == 1, "said once, not at every try"


def test_a_slice_of_a_large_map_that_could_not_be_stored_is_repeated(harness: EngineHarness) -> None:
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
