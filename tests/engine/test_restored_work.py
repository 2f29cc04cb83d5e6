"""A restored engine continues what still runs, says what it lost, and removes what is newer than the backup."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import loads
from lamplighter.engine import health
from lamplighter.store.backups.backup import Backup, write_backup_file
from lamplighter.store.backups.restore import restore_backup
from tests.engine_harness import DAY, SECOND, EngineHarness, job
from tests.fake_runtime import Script


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.define_task()
        harness.runtime.script(Script(lines=(("stdout", "begun"),), after=None))
        yield harness


def back_up(harness: EngineHarness) -> Path:
    target = harness.directory.with_name("backup.tar.gz")
    write_backup_file(Backup(harness.directory, harness.clock.now), target, overwrite=True)
    return target


def restore(harness: EngineHarness, archive: Path) -> None:
    """Kill the engine, restore a backup, and start the next engine."""
    harness.crash()
    with archive.open("rb") as source:
        restore_backup(source, archive, harness.directory, harness.clock.now(), force=True)
    harness.up()


def test_a_task_that_still_runs_continues_after_a_restore(harness: EngineHarness) -> None:
    execution = harness.run_machine(job())
    archive = back_up(harness)
    harness.advance(60 * SECOND)
    restore(harness, archive)
    harness.runtime.finish(harness.runtime.remaining()[0], 0)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1


def limit_tasks(harness: EngineHarness, tasks: int) -> None:
    harness.call("ecs", "SetCapacityLimits", Tasks=tasks)
    harness.settle()


def start_a_task_that_waited_at_the_backup(harness: EngineHarness) -> tuple[str, Path]:
    """Return the execution of a task that has started since the backup in which it waits for room, and the backup."""
    limit_tasks(harness, 1)
    harness.run_machine(job())
    waiting = harness.run_machine(job(), name="waiting")
    archive = back_up(harness)
    limit_tasks(harness, 2)
    assert len(harness.runtime.remaining()) == 2
    return waiting, archive


def test_a_task_that_waited_at_the_backup_and_has_started_since_continues_without_room(harness: EngineHarness) -> None:
    waiting, archive = start_a_task_that_waited_at_the_backup(harness)
    restore(harness, archive)
    assert harness.rows("SELECT count(*) FROM tasks WHERE waiting_since IS NOT NULL") == [(0,)]
    harness.runtime.finish(harness.runtime.started_names()[1], 0)
    harness.settle()
    assert harness.status(waiting) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 2


def test_the_stop_of_such_a_task_stops_its_container_also_if_the_start_did_not_know_of_it(
    harness: EngineHarness,
) -> None:
    waiting, archive = start_a_task_that_waited_at_the_backup(harness)
    harness.crash()
    with archive.open("rb") as source:
        restore_backup(source, archive, harness.directory, harness.clock.now(), force=True)
    harness.runtime.go_away()
    harness.up()
    harness.call("states", "StopExecution", executionArn=waiting)
    harness.runtime.come_back()
    harness.advance(SECOND)
    assert harness.runtime.started_names()[1] not in harness.runtime.remaining()
    assert harness.rows("SELECT count(*) FROM tasks WHERE status = 'STOPPED'") == [(1,)]


def test_a_task_whose_container_is_gone_has_an_unknown_exit_and_its_retry_decides(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1, "IntervalSeconds": 1}]
    execution = harness.run_machine(job(Retry=retry))
    archive = back_up(harness)
    harness.runtime.finish(harness.runtime.remaining()[0], 0)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    restore(harness, archive)
    assert "its exit is unknown" in caplog.text
    (condition,) = health.read_health(harness.engine).conditions
    assert "1 running task lost" in condition.reason
    harness.advance(2 * SECOND)
    assert len(harness.runtime.started_names()) == 2
    harness.runtime.finish(harness.runtime.remaining()[0], 0)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_container_that_is_newer_than_the_backup_is_removed_and_its_output_is_kept(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.run_machine(job())
    archive = back_up(harness)
    harness.run_machine(job(), name="later")
    (newer,) = harness.runtime.started_names()[1:]
    restore(harness, archive)
    harness.advance(SECOND)
    assert newer not in harness.runtime.remaining()
    assert f"the container {newer} is newer than the backup" in caplog.text
    task, _, container = newer.partition("-")
    output = harness.directory / "output" / task / f"{container}.log"
    assert [loads(line)["text"] for line in output.read_text().splitlines()] == ["begun"]


def test_the_health_reports_a_restore_for_a_day_and_the_next_start_does_not_compare_again(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    archive = back_up(harness)
    restore(harness, archive)
    (condition,) = health.read_health(harness.engine).conditions
    assert (condition.name, condition.stops_work) == ("restored", False)
    assert "was restored from a backup of" in condition.reason
    caplog.clear()
    harness.restart()
    assert "restored" not in caplog.text
    harness.advance(DAY + SECOND)
    assert health.read_health(harness.engine).conditions == ()


def test_a_restore_while_docker_does_not_answer_is_reported_too(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.run_machine(job())
    archive = back_up(harness)
    harness.crash()
    with archive.open("rb") as source:
        restore_backup(source, archive, harness.directory, harness.clock.now(), force=True)
    harness.runtime.go_away()
    harness.up()
    assert "cannot be compared with the containers that exist" in caplog.text
    assert "restored" in [each.name for each in health.read_health(harness.engine).conditions]
