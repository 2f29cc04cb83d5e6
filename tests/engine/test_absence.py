"""Events that happen while no engine runs count at the time at which they happened."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.store.timers import Timer
from tests.engine_harness import EngineHarness, job
from tests.fake_runtime import FakeRuntime, Script

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]


def run_job_across_downtime(
    harness: EngineHarness, duration: int, downtime: int, machine: Json = None, code: int = 0, **state: Json
) -> str:
    """Start a job of `duration` ms, kill the engine for `downtime` ms, restart it; return the execution's ARN."""
    harness.define_task()
    harness.runtime.script(Script(after=duration, code=code))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = harness.start(harness.machine(definition))
    harness.settle()
    harness.crash()
    harness.clock.advance(downtime)
    harness.runtime.settle()
    harness.up()
    return execution


def test_a_job_that_succeeded_in_time_during_downtime_succeeds_and_runs_once(harness: EngineHarness) -> None:
    execution = run_job_across_downtime(harness, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.started) == 1


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_ends_when_its_container_ended_also_during_downtime(harness: EngineHarness, code: int) -> None:
    execution = run_job_across_downtime(harness, 5_000, 60_000, code=code)
    found = harness.describe(execution)
    assert found["stopDate"] - found["startDate"] == 5
    ends = [each["timestamp"] for each in harness.history(execution) if each["timestamp"] > found["startDate"]]
    assert set(ends) == {found["stopDate"]}


def test_a_run_does_not_end_before_the_last_event_of_its_history(harness: EngineHarness) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10, "End": True}}}
    both = {"Type": "Parallel", "Branches": [{"StartAt": "R", "States": {"R": job() | {"End": True}}}, wait]}
    harness.define_task()
    harness.runtime.script(Script(after=15_000))
    execution = harness.start(harness.machine({"StartAt": "A", "States": {"A": both | {"End": True}}}))
    harness.settle()
    harness.crash()
    harness.clock.advance(60_000)
    harness.runtime.settle()
    harness.up()
    harness.settle()
    times = [each["timestamp"] for each in harness.history(execution)]
    assert times == sorted(times)
    assert harness.describe(execution)["stopDate"] == times[-1]


def test_a_job_that_exceeded_its_timeout_during_downtime_times_out(harness: EngineHarness) -> None:
    execution = run_job_across_downtime(harness, 15_000, 60_000, TimeoutSeconds=10)
    assert harness.status(execution) == "FAILED"
    assert harness.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_before_its_deadline_during_downtime_succeeds(harness: EngineHarness) -> None:
    execution = run_job_across_downtime(harness, 5_000, 60_000, {"TimeoutSeconds": 20})
    assert harness.status(execution) == "SUCCEEDED"


def test_a_run_that_exceeded_its_deadline_during_downtime_times_out(harness: EngineHarness) -> None:
    execution = run_job_across_downtime(harness, 25_000, 60_000, {"TimeoutSeconds": 20})
    assert harness.status(execution) == "TIMED_OUT"


def test_a_job_that_still_runs_after_its_timeout_is_stopped_at_the_restart(harness: EngineHarness) -> None:
    execution = run_job_across_downtime(harness, 3_600_000, 60_000, TimeoutSeconds=10)
    harness.settle()
    assert harness.describe(execution)["error"] == "States.Timeout"
    assert harness.runtime.remaining() == []


def test_an_engine_starts_while_the_runtime_is_unavailable(harness: EngineHarness) -> None:
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


def test_an_engine_starts_if_the_ended_containers_cannot_be_read(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = run_job_across_downtime(harness, 5_000, 60_000, TimeoutSeconds=100)
    harness.crash()

    async def fail(_runtime: FakeRuntime) -> frozenset[str]:
        raise IndexError("half a file")

    monkeypatch.setattr(FakeRuntime, "ended_names", fail)
    harness.up()
    assert harness.status(execution) == "SUCCEEDED"


def run_job_across_stall(harness: EngineHarness, duration: int, stall: int, machine: Json = None, **state: Json) -> str:
    """Start a job of `duration` ms and let the engine stall for `stall` ms; return the execution's ARN."""
    harness.define_task()
    harness.runtime.script(Script(after=duration))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = harness.start(harness.machine(definition))
    harness.settle()
    harness.advance(stall)
    return execution


def test_a_job_that_ended_in_time_while_the_engine_stalled_succeeds(harness: EngineHarness) -> None:
    execution = run_job_across_stall(harness, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.started) == 1


def test_a_job_that_ended_too_late_while_the_engine_stalled_times_out(harness: EngineHarness) -> None:
    execution = run_job_across_stall(harness, 15_000, 60_000, TimeoutSeconds=10)
    assert harness.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_while_the_engine_stalled_times_out_only_after_its_deadline(
    harness: EngineHarness,
) -> None:
    assert harness.status(run_job_across_stall(harness, 5_000, 60_000, {"TimeoutSeconds": 20})) == "SUCCEEDED"
    assert harness.status(run_job_across_stall(harness, 25_000, 60_000, {"TimeoutSeconds": 20})) == "TIMED_OUT"


def test_a_timer_that_waited_for_the_disk_fires_after_an_exit_that_happened_before_it(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=5_000))
    execution = harness.run_machine(job(TimeoutSeconds=10))
    fire_timer = harness.engine.dispatcher._fire_timer

    def stall(timer: Timer) -> None:
        fire_timer(timer)
        harness.clock.advance(30_000)  # the disk is slow between the decision to fire and the turn

    harness.engine.dispatcher._fire_timer = stall  # type: ignore[method-assign]
    harness.clock.advance(10_000)
    harness.runtime.settle()
    harness.settle()
    harness.engine.dispatcher._fire_timer = fire_timer  # type: ignore[method-assign]
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
