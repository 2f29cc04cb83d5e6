"""Docker goes away for hours: it is told as that, and its absence is nobody's timeout.

On a virtual clock, with a job file's stack through the engine's CloudFormation.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.engine import health
from tests.acceptance.test_told import MINUTE, House
from tests.engines import HOUR, SECOND

JOB = "timeout: 10m, notify: {run-failed: [ops, dev]}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.up()
    yield made
    made.close()


def wait(house: House, milliseconds: int) -> None:
    """Let time pass as it does: a minute at a time."""
    for _ in range(milliseconds // MINUTE):
        house.advance(MINUTE)


def come_back(house: House) -> None:
    house.runtime.come_back()
    for _ in range(4):
        house.advance(5 * SECOND)


def running(house: House) -> list[str]:
    return [each for each in house.runtime.left() if house.runtime._is_running(each)]


def test_a_task_that_waits_for_docker_does_not_use_up_its_timeout(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    run = house.begin()
    wait(house, 5 * HOUR)
    assert house.status(run) == "RUNNING"
    come_back(house)
    assert len(running(house)) == 1
    wait(house, 9 * MINUTE)
    assert house.status(run) == "RUNNING"
    house.finish()
    assert house.status(run) == "SUCCEEDED"


def test_its_timeout_counts_from_when_docker_is_back(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    run = house.begin()
    wait(house, 5 * HOUR)
    come_back(house)
    wait(house, 11 * MINUTE)
    assert house.status(run) == "FAILED"
    assert house.describe(run)["error"] == "States.Timeout"


def test_an_outage_is_told_once_to_each_channel_and_so_is_its_end(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    house.begin()
    house.begin()
    wait(house, 3 * HOUR)
    for channel in ("ops", "dev"):
        ((subject, text),) = house.mails(channel)
        assert subject == "Docker does not answer: 2 tasks wait"
        assert text.startswith("Docker on this box has not answered since 2026-01-01 00:00 UTC. 2 tasks wait for it:")
        assert "Jobs:      reports-nightly\n" in text
    come_back(house)
    for channel in ("ops", "dev"):
        assert [subject for subject, _ in house.mails(channel)][1:] == ["Docker answers again"]
        assert "took longer" not in str(house.mails(channel))


def test_a_short_outage_is_told_to_nobody(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    house.begin()
    house.advance(30 * SECOND)
    come_back(house)
    wait(house, 2 * MINUTE)
    assert house.mails() == []


def test_the_health_of_the_engine_names_it(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    house.begin()
    (found,) = health.read_health(house.engine).conditions
    assert found.name == "docker"
    assert found.reason == "Docker does not answer since 2026-01-01 00:00 UTC: 1 task waits"
    come_back(house)
    assert health.read_health(house.engine).conditions == ()


def test_an_engine_that_restarts_during_an_outage_goes_on_with_it(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    run = house.begin()
    wait(house, HOUR)
    house.restart()
    wait(house, HOUR)
    assert len(house.mails()) == 1
    come_back(house)
    house.restart()
    wait(house, 9 * MINUTE)
    assert house.status(run) == "RUNNING"
    house.finish()
    assert house.status(run) == "SUCCEEDED"
    assert [subject for subject, _ in house.mails()][1:] == ["Docker answers again"]


@pytest.mark.parametrize(("minutes", "status"), [(5, "SUCCEEDED"), (12, "FAILED")])
def test_a_container_that_ended_while_docker_was_away_is_judged_by_when_it_ended(
    house: House, minutes: int, status: str
) -> None:
    house.deploy(JOB)
    run = house.begin()
    house.runtime.go_away()
    wait(house, minutes * MINUTE)
    house.runtime.finish(running(house)[0])
    wait(house, HOUR)
    assert house.status(run) == "RUNNING"
    come_back(house)
    wait(house, MINUTE)
    assert house.status(run) == status


def test_a_container_that_ran_through_an_outage_past_its_timeout_is_stopped(house: House) -> None:
    house.deploy(JOB)
    run = house.begin()
    house.runtime.go_away()
    wait(house, HOUR)
    assert house.status(run) == "RUNNING"
    come_back(house)
    assert house.status(run) == "FAILED"
    assert running(house) == []


def test_a_run_that_is_stopped_during_an_outage_leaves_nothing_held(house: House) -> None:
    house.deploy(JOB)
    house.runtime.go_away()
    run = house.begin()
    wait(house, 2 * MINUTE)
    house.call("states", "StopExecution", executionArn=run)
    come_back(house)
    assert house.status(run) == "ABORTED"
    assert house.rows("SELECT * FROM held_tasks") == house.rows("SELECT * FROM runtime_outage") == []
    assert house.rows("SELECT * FROM timers WHERE service = 'states'") == []
