"""Docker goes away for hours: it is told as that, and its absence is nobody's timeout.

On a virtual clock, with a job file's stack through the engine's CloudFormation.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.engine import health
from tests.acceptance.test_told import MINUTE, House
from tests.engine_harness import HOUR, SECOND

JOB = "timeout: 10m, notify: {run-failed: [ops, dev]}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.up()
    yield made
    made.close()


def wait(harness: House, milliseconds: int) -> None:
    """Let time pass as it does: a minute at a time."""
    for _ in range(milliseconds // MINUTE):
        harness.advance(MINUTE)


def come_back(harness: House) -> None:
    harness.runtime.come_back()
    for _ in range(4):
        harness.advance(5 * SECOND)


def running(harness: House) -> list[str]:
    return [each for each in harness.runtime.left() if harness.runtime._is_running(each)]


def test_a_task_that_waits_for_docker_does_not_use_up_its_timeout(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.begin()
    wait(harness, 5 * HOUR)
    assert harness.status(run) == "RUNNING"
    come_back(harness)
    assert len(running(harness)) == 1
    wait(harness, 9 * MINUTE)
    assert harness.status(run) == "RUNNING"
    harness.finish()
    assert harness.status(run) == "SUCCEEDED"


def test_its_timeout_counts_from_when_docker_is_back(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.begin()
    wait(harness, 5 * HOUR)
    come_back(harness)
    wait(harness, 11 * MINUTE)
    assert harness.status(run) == "FAILED"
    assert harness.describe(run)["error"] == "States.Timeout"


def test_an_outage_is_told_once_to_each_channel_and_so_is_its_end(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.begin()
    harness.begin()
    wait(harness, 3 * HOUR)
    for channel in ("ops", "dev"):
        ((subject, text),) = harness.mails(channel)
        assert subject == "Docker does not answer: 2 tasks wait"
        assert text.startswith(
            "Docker on the engine's machine has not answered since 2026-01-01 00:00 UTC. 2 tasks wait for it:"
        )
        assert "Jobs:      reports-nightly\n" in text
    come_back(harness)
    for channel in ("ops", "dev"):
        assert [subject for subject, _ in harness.mails(channel)][1:] == ["Docker answers again"]
        assert "took longer" not in str(harness.mails(channel))


def test_a_short_outage_is_told_to_nobody(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.begin()
    harness.advance(30 * SECOND)
    come_back(harness)
    wait(harness, 2 * MINUTE)
    assert harness.mails() == []


def test_the_health_of_the_engine_names_it(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    harness.begin()
    (found,) = health.read_health(harness.engine).conditions
    assert found.name == "docker"
    assert found.reason == "Docker has not answered since 2026-01-01 00:00 UTC: 1 task is waiting"
    come_back(harness)
    assert health.read_health(harness.engine).conditions == ()


def test_an_engine_that_restarts_during_an_outage_goes_on_with_it(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.begin()
    wait(harness, HOUR)
    harness.restart()
    wait(harness, HOUR)
    assert len(harness.mails()) == 1
    come_back(harness)
    harness.restart()
    wait(harness, 9 * MINUTE)
    assert harness.status(run) == "RUNNING"
    harness.finish()
    assert harness.status(run) == "SUCCEEDED"
    assert [subject for subject, _ in harness.mails()][1:] == ["Docker answers again"]


@pytest.mark.parametrize(("minutes", "status"), [(5, "SUCCEEDED"), (12, "FAILED")])
def test_a_container_that_ended_while_docker_was_away_is_judged_by_when_it_ended(
    harness: House, minutes: int, status: str
) -> None:
    harness.deploy(JOB)
    run = harness.begin()
    harness.runtime.go_away()
    wait(harness, minutes * MINUTE)
    harness.runtime.finish(running(harness)[0])
    wait(harness, HOUR)
    assert harness.status(run) == "RUNNING"
    come_back(harness)
    wait(harness, MINUTE)
    assert harness.status(run) == status


def test_a_container_that_ran_through_an_outage_past_its_timeout_is_stopped(harness: House) -> None:
    harness.deploy(JOB)
    run = harness.begin()
    harness.runtime.go_away()
    wait(harness, HOUR)
    assert harness.status(run) == "RUNNING"
    come_back(harness)
    assert harness.status(run) == "FAILED"
    assert running(harness) == []


def test_a_run_that_is_stopped_during_an_outage_leaves_nothing_held(harness: House) -> None:
    harness.deploy(JOB)
    harness.runtime.go_away()
    run = harness.begin()
    wait(harness, 2 * MINUTE)
    harness.call("states", "StopExecution", executionArn=run)
    come_back(harness)
    assert harness.status(run) == "ABORTED"
    assert harness.rows("SELECT * FROM held_tasks") == harness.rows("SELECT * FROM runtime_outage") == []
    assert harness.rows("SELECT * FROM timers WHERE service = 'states'") == []
