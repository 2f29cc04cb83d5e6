"""What happens while no engine runs counts when it happened: a job ends before its time is up, or after it."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import FakeRuntime, Script
from lamplighter.store.timers import Timer
from tests.engine_harness import EngineHarness, job

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]


def leave(harness: EngineHarness, run: int, away: int, machine: Json = None, **state: Json) -> str:
    """Start a job that takes so many milliseconds, be away for so many, come again; the ARN of the execution."""
    harness.define_task()
    harness.runtime.script(Script(after=run))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = harness.start(harness.machine(definition))
    harness.settle()
    harness.crash()
    harness.clock.advance(away)
    harness.runtime.settle()
    harness.up()
    return execution


def test_a_job_that_succeeded_in_time_has_succeeded_and_runs_once(harness: EngineHarness) -> None:
    execution = leave(harness, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.begun) == 1


def test_a_job_that_took_longer_than_it_may_has_timed_out(harness: EngineHarness) -> None:
    execution = leave(harness, 15_000, 60_000, TimeoutSeconds=10)
    assert harness.status(execution) == "FAILED"
    assert harness.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_before_its_deadline_has_not_missed_it(harness: EngineHarness) -> None:
    execution = leave(harness, 5_000, 60_000, {"TimeoutSeconds": 20})
    assert harness.status(execution) == "SUCCEEDED"


def test_a_run_that_went_on_beyond_its_deadline_has_timed_out(harness: EngineHarness) -> None:
    execution = leave(harness, 25_000, 60_000, {"TimeoutSeconds": 20})
    assert harness.status(execution) == "TIMED_OUT"


def test_a_job_that_still_runs_when_its_time_is_up_is_stopped_at_the_return(harness: EngineHarness) -> None:
    execution = leave(harness, 3_600_000, 60_000, TimeoutSeconds=10)
    harness.settle()
    assert harness.describe(execution)["error"] == "States.Timeout"
    assert harness.runtime.left() == []


def test_an_engine_starts_though_nobody_tells_what_ended(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=5_000))
    execution = harness.run_machine(job())
    harness.crash()
    harness.runtime.go_away()
    harness.clock.advance(60_000)
    harness.up()
    harness.runtime.come_back()
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"


def test_an_engine_starts_though_what_is_left_of_containers_cannot_be_read(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = leave(harness, 5_000, 60_000, TimeoutSeconds=100)
    harness.crash()

    async def broken(_runtime: FakeRuntime) -> frozenset[str]:
        raise IndexError("half a file")

    monkeypatch.setattr(FakeRuntime, "ended_names", broken)
    harness.up()
    assert harness.status(execution) == "SUCCEEDED"


def pause(harness: EngineHarness, run: int, still: int, machine: Json = None, **state: Json) -> str:
    """Start a job that takes so many milliseconds, let the engine stand still for so many; the ARN of the execution."""
    harness.define_task()
    harness.runtime.script(Script(after=run))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = harness.start(harness.machine(definition))
    harness.settle()
    harness.advance(still)
    return execution


def test_a_job_that_ended_in_time_while_the_engine_stood_still_has_succeeded(harness: EngineHarness) -> None:
    execution = pause(harness, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.begun) == 1


def test_a_job_that_ended_too_late_while_the_engine_stood_still_has_timed_out(harness: EngineHarness) -> None:
    execution = pause(harness, 15_000, 60_000, TimeoutSeconds=10)
    assert harness.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_before_its_deadline_while_the_engine_stood_still_has_not_missed_it(
    harness: EngineHarness,
) -> None:
    assert harness.status(pause(harness, 5_000, 60_000, {"TimeoutSeconds": 20})) == "SUCCEEDED"
    assert harness.status(pause(harness, 25_000, 60_000, {"TimeoutSeconds": 20})) == "TIMED_OUT"


def test_a_timer_whose_turn_waited_for_the_disk_rings_after_what_ended_before_it(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=5_000))
    execution = harness.run_machine(job(TimeoutSeconds=10))
    asked = harness.engine.dispatcher._fire_timer

    def stall(timer: Timer) -> None:
        asked(timer)
        harness.clock.advance(30_000)  # the disk takes its time between the decision and the turn

    harness.engine.dispatcher._fire_timer = stall  # type: ignore[method-assign]
    harness.clock.advance(10_000)
    harness.runtime.settle()
    harness.settle()
    harness.engine.dispatcher._fire_timer = asked  # type: ignore[method-assign]
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
