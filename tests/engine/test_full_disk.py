"""The disk is full: calls are refused, nothing of them is kept; what the world told is written when there is room."""

import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.runtime.fake import Script
from tests.engines import SECOND, WITH_TOKEN, Site, job

AT = pytest.mark.parametrize("at", ["write", "COMMIT"])


@AT
def test_a_call_is_refused_with_503_and_nothing_of_it_is_kept(site: Site, at: str) -> None:
    machine = site.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    site.disk.fill(at)
    with pytest.raises(Unavailable, match="database or disk is full") as refused:
        site.start(machine, name="night")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    assert site.call("states", "ListExecutions", stateMachineArn=machine)["executions"] == []
    site.disk.fill("")
    execution = site.start(machine, name="night")
    site.settle()
    assert site.types(execution)[-1] == "ExecutionSucceeded"
    assert [event.detail["status"] for event in site.heard("aws.states")] == ["RUNNING", "SUCCEEDED"]


@AT
def test_reading_goes_on(site: Site, at: str) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 30})
    site.disk.fill(at)
    assert site.status(execution) == "RUNNING"
    assert site.types(execution) == ["ExecutionStarted", "WaitStateEntered"]


@AT
def test_a_refused_turn_changes_nothing_of_what_the_engine_believes(site: Site, at: str) -> None:
    """The execution in memory had gone on when the turn was lost: it is read again, or the second answer would fail."""
    site.define_task()
    site.runtime.script(Script(after=None))
    execution = site.run_machine(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN))
    answer = {"taskToken": site.token(), "output": "{}"}
    site.disk.fill(at)
    for _ in range(3):
        with pytest.raises(Unavailable):
            site.call("states", "SendTaskSuccess", **answer)
    site.disk.fill("")
    assert site.status(execution) == "RUNNING"
    site.call("states", "SendTaskSuccess", **answer)
    assert site.status(execution) == "SUCCEEDED"
    assert site.types(execution).count("TaskSucceeded") == 1


@AT
def test_the_exit_of_a_container_is_written_when_there_is_room_again(site: Site, at: str) -> None:
    site.define_task()
    site.runtime.script(Script(code=0, after=5 * SECOND))
    execution = site.run_machine(job())
    (name,) = site.runtime.runs()
    site.disk.fill(at)
    site.advance(60 * SECOND)
    assert site.status(execution) == "RUNNING"
    assert site.runtime.left() == [name], "its exit is not on record, so it must not be removed"
    site.disk.fill("")
    site.advance(SECOND)
    assert site.status(execution) == "SUCCEEDED"
    assert (site.runtime.runs(), site.runtime.left()) == ([name], [])
    assert [event.detail["status"] for event in site.heard("aws.states")] == ["RUNNING", "SUCCEEDED"]


@AT
@pytest.mark.parametrize("refusals", [1, 2, 3, 5])
def test_a_disk_that_is_full_now_and_then_runs_nothing_twice(site: Site, at: str, refusals: int) -> None:
    """Room is made after so many refusals, and lasts for a few seconds."""
    site.define_task()
    site.runtime.script(Script(after=2 * SECOND))
    site.runtime.script(Script(code=1, after=2 * SECOND), lambda _: len(site.runtime.runs()) == 0)
    execution = site.run_machine(job(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}]))
    for half in range(120):
        if half % 8 == 0:
            site.disk.fill(at, until=refusals)
        site.advance(SECOND // 2)
    site.disk.fill("")
    site.advance(10 * SECOND)
    assert site.status(execution) == "SUCCEEDED"
    assert len(set(site.runtime.runs())) == len(site.runtime.runs()) == 2
    assert site.runtime.left() == []
    kinds = site.types(execution)
    assert (kinds.count("TaskSubmitted"), kinds.count("TaskFailed"), kinds.count("TaskSucceeded")) == (2, 1, 1)


@AT
def test_a_timer_that_could_not_be_rung_rings_when_there_is_room_again(site: Site, at: str) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 30})
    site.disk.fill(at)
    site.advance(60 * SECOND)
    assert site.status(execution) == "RUNNING"
    site.disk.fill("")
    site.advance(SECOND)
    assert site.status(execution) == "SUCCEEDED"


@AT
def test_the_engine_tries_again_now_and_then_and_does_not_spin(
    site: Site, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.define_task()
    site.runtime.script(Script(after=5 * SECOND))
    site.run_machine({"Type": "Wait", "Seconds": 30}, name="waits")
    site.run_machine(job(), name="works")
    site.disk.fill(at)
    with caplog.at_level(logging.ERROR, "lamplighter"):
        for _ in range(120):
            site.advance(SECOND // 2)
    assert 60 < site.disk.refused < 1000
    said = [record for record in caplog.records if "takes no writes" in record.getMessage()]
    assert len(said) == 1, "said once, not at every try"


def test_a_slice_of_a_large_map_that_could_not_be_kept_is_done_again(site: Site) -> None:
    items = list(range(1000))
    each = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
    machine = site.machine({"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": each, "End": True}}})
    execution = site.start(machine, items)
    for _ in range(20):
        site.disk.fill("COMMIT", until=2)
        for _ in range(4):
            site.advance(SECOND // 2)
    assert site.status(execution) == "SUCCEEDED"
    assert site.types(execution).count("MapIterationSucceeded") == 1000
