"""Time is the engine's own: what waits for it goes on when it has come, and not before, whoever sets the wall clock."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from lamplighter.base.json_text import Json
from lamplighter.base.world import iso
from lamplighter.runtime.fake import Script
from tests.engines import DAY, HOUR, SECOND, WITH_TOKEN, Site, chain, job

LOOK = 5 * SECOND
"""How long the engine may take to notice that the wall clock was set."""


def test_a_wait_ends_at_its_second_and_not_a_millisecond_before(site: Site) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 30})
    site.advance(30 * SECOND - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    found = site.describe(execution)
    assert (found["status"], found["stopDate"] - found["startDate"]) == ("SUCCEEDED", 30)


def test_a_week_of_waits_takes_no_time(site: Site) -> None:
    execution = site.run_machine(*[{"Type": "Wait", "Seconds": DAY // SECOND}] * 7)
    for _ in range(7):
        assert site.status(execution) == "RUNNING"
        site.advance(DAY)
    assert site.status(execution) == "SUCCEEDED"
    times = [event["timestamp"] for event in site.history(execution) if event["type"] == "WaitStateExited"]
    assert {later - earlier for earlier, later in pairwise(times)} == {DAY / SECOND}


def test_a_retry_comes_after_its_interval_and_not_a_millisecond_before(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(code=3))
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 2}]
    execution = site.run_machine(job(Retry=retry))
    for runs, interval in ((1, 10), (2, 20)):
        assert len(site.runtime.runs()) == runs
        site.advance(interval * SECOND - 1)
        assert len(site.runtime.runs()) == runs
        site.advance(1)
    assert len(site.runtime.runs()) == 3
    assert site.status(execution) == "FAILED"


def test_a_timeout_ends_the_task_at_its_second_and_stops_its_container(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=None))
    execution = site.run_machine(job(TimeoutSeconds=60))
    site.advance(60 * SECOND - 1)
    assert (site.status(execution), len(site.runtime.left())) == ("RUNNING", 1)
    site.advance(1)
    assert site.describe(execution)["error"] == "States.Timeout"
    assert site.runtime.left() == []


def test_a_heartbeat_that_is_missed_ends_the_task_and_one_that_comes_does_not(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=None))
    execution = site.run_machine(job(pattern=".waitForTaskToken", HeartbeatSeconds=60, Parameters=WITH_TOKEN))
    for _ in range(3):
        site.advance(59 * SECOND)
        site.call("states", "SendTaskHeartbeat", taskToken=site.token())
    site.advance(60 * SECOND - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    assert site.describe(execution)["error"] == "States.Timeout"


def test_an_execution_ends_at_its_own_timeout(site: Site) -> None:
    machine = site.machine(
        {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 90, "End": True}}, "TimeoutSeconds": 60}
    )
    execution = site.start(machine)
    site.advance(60 * SECOND - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    assert site.status(execution) == "TIMED_OUT"


def test_time_that_passed_while_no_engine_ran_has_passed(site: Site) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 3600})
    site.crash()
    site.clock.advance(2 * HOUR)
    site.up()
    assert site.status(execution) == "SUCCEEDED"


def seconds(_site: Site) -> tuple[Json, ...]:
    return ({"Type": "Wait", "Seconds": 600},)


def retrying(site: Site) -> tuple[Json, ...]:
    site.define_task()
    site.runtime.script(Script())
    site.runtime.script(Script(code=3), lambda _: len(site.runtime.runs()) == 0)
    return (job(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600}]),)


def timeout(site: Site) -> tuple[Json, ...]:
    site.define_task()
    site.runtime.script(Script(after=None))
    return (job(TimeoutSeconds=600, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "B"}]), {"Type": "Succeed"})


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("lasting", [seconds, retrying, timeout])
def test_a_length_of_time_keeps_its_length_when_the_wall_clock_is_set(
    site: Site, lasting: Callable[[Site], tuple[Json, ...]], hours: int, restarts: bool
) -> None:
    execution = site.run_machine(*lasting(site))
    site.advance(300 * SECOND)
    site.clock.jump(hours * HOUR)
    site.advance(LOOK)
    if restarts:
        site.restart()
    site.advance(300 * SECOND - LOOK - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    assert site.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("restarts", [False, True])
def test_an_instant_comes_at_once_when_the_wall_clock_is_set_beyond_it(site: Site, restarts: bool) -> None:
    execution = site.run_machine({"Type": "Wait", "Timestamp": iso(site.clock.now() + 600 * SECOND)})
    site.clock.jump(HOUR)
    site.advance(LOOK)
    if restarts:
        site.restart()
    assert site.status(execution) == "SUCCEEDED"


@pytest.mark.parametrize("restarts", [False, True])
def test_an_instant_comes_later_when_the_wall_clock_is_set_back(site: Site, restarts: bool) -> None:
    execution = site.run_machine({"Type": "Wait", "Timestamp": iso(site.clock.now() + 600 * SECOND)})
    site.clock.jump(-HOUR)
    site.advance(LOOK)
    if restarts:
        site.restart()
    site.advance(HOUR + 600 * SECOND - LOOK - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    assert site.status(execution) == "SUCCEEDED"


def test_a_clock_that_is_set_twice_across_two_restarts_is_reckoned_with_each_time(site: Site) -> None:
    execution = site.run_machine({"Type": "Wait", "Seconds": 600})
    for hours in (1, -3):
        site.clock.jump(hours * HOUR)
        site.advance(LOOK)
        site.restart()
    site.advance(600 * SECOND - 2 * LOOK - 1)
    assert site.status(execution) == "RUNNING"
    site.advance(1)
    assert site.status(execution) == "SUCCEEDED"


def test_a_redriven_run_that_runs_out_of_time_again_ended_at_the_end_of_its_second_time(site: Site) -> None:
    began = site.clock.now()
    execution = site.start(site.machine(chain({"Type": "Wait", "Seconds": 600}) | {"TimeoutSeconds": 5}))
    site.advance(5 * SECOND)
    assert site.describe(execution)["stopDate"] * 1000 == began + 5 * SECOND
    site.advance(60 * SECOND)
    site.call("states", "RedriveExecution", executionArn=execution)
    site.advance(5 * SECOND)
    found = site.describe(execution)
    assert (found["status"], found["stopDate"] * 1000) == ("TIMED_OUT", began + 70 * SECOND)
