"""The engine measures time itself: a timer fires at its time, even if the wall clock is set."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from tests.engine_harness import DAY, HOUR, SECOND, WITH_TOKEN, EngineHarness, chain, job
from tests.fake_runtime import Script

CHECK_INTERVAL = 5 * SECOND
"""The longest time until the engine notices that the wall clock was set."""


def test_a_wait_ends_exactly_at_its_time(harness: EngineHarness) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30})
    harness.advance(30 * SECOND - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    found = harness.describe(execution)
    assert (found["status"], found["stopDate"] - found["startDate"]) == ("SUCCEEDED", 30)


def test_successive_waits_do_not_drift(harness: EngineHarness) -> None:
    execution = harness.run_machine(*[{"Type": "Wait", "Seconds": DAY // SECOND}] * 7)
    for _ in range(7):
        assert harness.status(execution) == "RUNNING"
        harness.advance(DAY)
    assert harness.status(execution) == "SUCCEEDED"
    times = [event["timestamp"] for event in harness.history(execution) if event["type"] == "WaitStateExited"]
    assert {later - earlier for earlier, later in pairwise(times)} == {DAY / SECOND}


def test_a_retry_starts_exactly_after_its_interval(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(code=3))
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 2}]
    execution = harness.run_machine(job(Retry=retry))
    for runs, interval in ((1, 10), (2, 20)):
        assert len(harness.runtime.started_names()) == runs
        harness.advance(interval * SECOND - 1)
        assert len(harness.runtime.started_names()) == runs
        harness.advance(1)
    assert len(harness.runtime.started_names()) == 3
    assert harness.status(execution) == "FAILED"


def test_a_timeout_ends_the_task_exactly_at_its_time_and_stops_its_container(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job(TimeoutSeconds=60))
    harness.advance(60 * SECOND - 1)
    assert (harness.status(execution), len(harness.runtime.remaining())) == ("RUNNING", 1)
    harness.advance(1)
    assert harness.describe(execution)["error"] == "States.Timeout"
    assert harness.runtime.remaining() == []


def test_a_missed_heartbeat_ends_the_task_and_a_timely_one_does_not(harness: EngineHarness) -> None:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job(pattern=".waitForTaskToken", HeartbeatSeconds=60, Parameters=WITH_TOKEN))
    for _ in range(3):
        harness.advance(59 * SECOND)
        harness.call("states", "SendTaskHeartbeat", taskToken=harness.token())
    harness.advance(60 * SECOND - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    assert harness.describe(execution)["error"] == "States.Timeout"


def test_an_execution_ends_at_its_own_timeout(harness: EngineHarness) -> None:
    machine = harness.machine(
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 90, "End": True}}, "TimeoutSeconds": 60}
    )
    execution = harness.start(machine)
    harness.advance(60 * SECOND - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    assert harness.status(execution) == "TIMED_OUT"


def test_time_that_passes_while_no_engine_runs_counts(harness: EngineHarness) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 3600})
    harness.crash()
    harness.clock.advance(2 * HOUR)
    harness.up()
    assert harness.status(execution) == "SUCCEEDED"


def wait_states(_harness: EngineHarness) -> tuple[Json, ...]:
    return ({"Type": "Wait", "Seconds": 600},)


def retry_states(harness: EngineHarness) -> tuple[Json, ...]:
    harness.define_task()
    harness.runtime.script(Script())
    harness.runtime.script(Script(code=3), lambda _: len(harness.runtime.started_names()) == 0)
    return (job(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600}]),)


def timeout_states(harness: EngineHarness) -> tuple[Json, ...]:
    harness.define_task()
    harness.runtime.script(Script(after=None))
    return (job(TimeoutSeconds=600, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "B"}]), {"Type": "Succeed"})


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("make_states", [wait_states, retry_states, timeout_states])
def test_a_duration_does_not_change_when_the_wall_clock_is_set(
    harness: EngineHarness, make_states: Callable[[EngineHarness], tuple[Json, ...]], hours: int, restarts: bool
) -> None:
    execution = harness.run_machine(*make_states(harness))
    harness.advance(300 * SECOND)
    harness.clock.jump(hours * HOUR)
    harness.advance(CHECK_INTERVAL)
    if restarts:
        harness.restart()
    harness.advance(300 * SECOND - CHECK_INTERVAL - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    assert harness.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_timestamp_is_due_immediately_when_the_wall_clock_is_set_beyond_it(
    harness: EngineHarness, restarts: bool
) -> None:
    execution = harness.run_machine({"Type": "Wait", "Timestamp": format_iso_time(harness.clock.now() + 600 * SECOND)})
    harness.clock.jump(HOUR)
    harness.advance(CHECK_INTERVAL)
    if restarts:
        harness.restart()
    assert harness.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_timestamp_is_due_later_when_the_wall_clock_is_set_back(harness: EngineHarness, restarts: bool) -> None:
    execution = harness.run_machine({"Type": "Wait", "Timestamp": format_iso_time(harness.clock.now() + 600 * SECOND)})
    harness.clock.jump(-HOUR)
    harness.advance(CHECK_INTERVAL)
    if restarts:
        harness.restart()
    harness.advance(HOUR + 600 * SECOND - CHECK_INTERVAL - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    assert harness.status(execution) == "SUCCEEDED"


def test_a_wall_clock_that_is_set_before_each_of_two_restarts_is_handled_each_time(harness: EngineHarness) -> None:
    execution = harness.run_machine({"Type": "Wait", "Seconds": 600})
    for hours in (1, -3):
        harness.clock.jump(hours * HOUR)
        harness.advance(CHECK_INTERVAL)
        harness.restart()
    harness.advance(600 * SECOND - 2 * CHECK_INTERVAL - 1)
    assert harness.status(execution) == "RUNNING"
    harness.advance(1)
    assert harness.status(execution) == "SUCCEEDED"


def test_a_redriven_run_that_times_out_again_ends_at_its_second_deadline(harness: EngineHarness) -> None:
    began = harness.clock.now()
    execution = harness.start(harness.machine(chain({"Type": "Wait", "Seconds": 600}) | {"TimeoutSeconds": 5}))
    harness.advance(5 * SECOND)
    assert harness.describe(execution)["stopDate"] * 1000 == began + 5 * SECOND
    harness.advance(60 * SECOND)
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.advance(5 * SECOND)
    found = harness.describe(execution)
    assert (found["status"], found["stopDate"] * 1000) == ("TIMED_OUT", began + 70 * SECOND)
