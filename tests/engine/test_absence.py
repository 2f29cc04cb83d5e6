"""What happens while no engine runs counts when it happened: a job ends before its time is up, or after it."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import FakeRuntime, Script
from lamplighter.store.timers import Timer
from tests.engines import Site, job

RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]


def leave(site: Site, run: int, away: int, machine: Json = None, **state: Json) -> str:
    """Start a job that takes so many milliseconds, be away for so many, come again; the ARN of the execution."""
    site.define_task()
    site.runtime.script(Script(after=run))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = site.start(site.machine(definition))
    site.settle()
    site.crash()
    site.clock.advance(away)
    site.runtime.settle()
    site.up()
    return execution


def test_a_job_that_succeeded_in_time_has_succeeded_and_runs_once(site: Site) -> None:
    execution = leave(site, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert site.status(execution) == "SUCCEEDED"
    assert len(site.runtime.begun) == 1


def test_a_job_that_took_longer_than_it_may_has_timed_out(site: Site) -> None:
    execution = leave(site, 15_000, 60_000, TimeoutSeconds=10)
    assert site.status(execution) == "FAILED"
    assert site.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_before_its_deadline_has_not_missed_it(site: Site) -> None:
    execution = leave(site, 5_000, 60_000, {"TimeoutSeconds": 20})
    assert site.status(execution) == "SUCCEEDED"


def test_a_run_that_went_on_beyond_its_deadline_has_timed_out(site: Site) -> None:
    execution = leave(site, 25_000, 60_000, {"TimeoutSeconds": 20})
    assert site.status(execution) == "TIMED_OUT"


def test_a_job_that_still_runs_when_its_time_is_up_is_stopped_at_the_return(site: Site) -> None:
    execution = leave(site, 3_600_000, 60_000, TimeoutSeconds=10)
    site.settle()
    assert site.describe(execution)["error"] == "States.Timeout"
    assert site.runtime.left() == []


def test_an_engine_starts_though_nobody_tells_what_ended(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=5_000))
    execution = site.run_machine(job())
    site.crash()
    site.runtime.go_away()
    site.clock.advance(60_000)
    site.up()
    site.runtime.come_back()
    site.settle()
    assert site.status(execution) == "SUCCEEDED"


def test_an_engine_starts_though_what_is_left_of_containers_cannot_be_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = leave(site, 5_000, 60_000, TimeoutSeconds=100)
    site.crash()

    async def broken(_runtime: FakeRuntime) -> frozenset[str]:
        raise IndexError("half a file")

    monkeypatch.setattr(FakeRuntime, "ended", broken)
    site.up()
    assert site.status(execution) == "SUCCEEDED"


def pause(site: Site, run: int, still: int, machine: Json = None, **state: Json) -> str:
    """Start a job that takes so many milliseconds, let the engine stand still for so many; the ARN of the execution."""
    site.define_task()
    site.runtime.script(Script(after=run))
    definition = {"StartAt": "A", "States": {"A": job(**state) | {"End": True}}, **(machine or {})}
    execution = site.start(site.machine(definition))
    site.settle()
    site.advance(still)
    return execution


def test_a_job_that_ended_in_time_while_the_engine_stood_still_has_succeeded(site: Site) -> None:
    execution = pause(site, 5_000, 60_000, TimeoutSeconds=10, Retry=RETRY)
    assert site.status(execution) == "SUCCEEDED"
    assert len(site.runtime.begun) == 1


def test_a_job_that_ended_too_late_while_the_engine_stood_still_has_timed_out(site: Site) -> None:
    execution = pause(site, 15_000, 60_000, TimeoutSeconds=10)
    assert site.describe(execution)["error"] == "States.Timeout"


def test_a_run_that_ended_before_its_deadline_while_the_engine_stood_still_has_not_missed_it(site: Site) -> None:
    assert site.status(pause(site, 5_000, 60_000, {"TimeoutSeconds": 20})) == "SUCCEEDED"
    assert site.status(pause(site, 25_000, 60_000, {"TimeoutSeconds": 20})) == "TIMED_OUT"


def test_a_timer_whose_turn_waited_for_the_disk_rings_after_what_ended_before_it(site: Site) -> None:
    site.define_task()
    site.runtime.script(Script(after=5_000))
    execution = site.run_machine(job(TimeoutSeconds=10))
    asked = site.engine.dispatcher._fire_timer

    def stall(timer: Timer) -> None:
        asked(timer)
        site.clock.advance(30_000)  # the disk takes its time between the decision and the turn

    site.engine.dispatcher._fire_timer = stall  # type: ignore[method-assign]
    site.clock.advance(10_000)
    site.runtime.settle()
    site.settle()
    site.engine.dispatcher._fire_timer = asked  # type: ignore[method-assign]
    site.settle()
    assert site.status(execution) == "SUCCEEDED"
