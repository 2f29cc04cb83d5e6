"""The data directory or a file of it disappears and returns: the engine acknowledges nothing that is not in it."""

import shutil
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from tests.engine_harness import SECOND, EngineHarness, job

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
MISSING = ("lamplighter.db", "lamplighter.db-wal", "lock")


def moved_directory(harness: EngineHarness) -> Path:
    return harness.directory.with_name("away")


@pytest.mark.parametrize("name", ["", *MISSING])
def test_a_missing_file_is_noticed_immediately_and_accepted_when_it_returns(harness: EngineHarness, name: str) -> None:
    machine = harness.machine(PASS)
    path = harness.directory / name
    path.rename(moved_directory(harness))
    with pytest.raises(Unavailable, match="is gone") as refused:
        harness.start(machine, name="night")
    assert refused.value.status == 503
    found = health.read_health(harness.engine)
    assert not found.available
    assert str(harness.directory / name) in found.body()["reason"]
    moved_directory(harness).rename(path)
    harness.advance(5 * SECOND)
    assert health.read_health(harness.engine).available
    execution = harness.start(machine, name="night")
    harness.restart()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_copy_of_the_directory_is_not_accepted_in_its_place(harness: EngineHarness) -> None:
    machine = harness.machine(PASS)
    harness.directory.rename(moved_directory(harness))
    shutil.copytree(moved_directory(harness), harness.directory)
    with pytest.raises(Unavailable, match="not the file that this engine opened"):
        harness.start(machine)
    assert not health.read_health(harness.engine).available


def test_a_missing_directory_is_noticed_without_a_call_and_work_continues_when_it_returns(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.define_task()
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30}, job())
    harness.directory.rename(moved_directory(harness))
    for _ in range(20):
        harness.advance(5 * SECOND)
    messages = [each.getMessage() for each in caplog.records if "cannot be written" in each.getMessage()]
    assert len(messages) == 1
    assert harness.status(execution) == "RUNNING"
    assert harness.runtime.started_names() == []
    moved_directory(harness).rename(harness.directory)
    for _ in range(4):
        harness.advance(5 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1
    assert health.read_health(harness.engine).available


def test_a_turn_committed_while_the_directory_disappeared_is_completed_when_it_returns(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the commit is on disk, and the directory disappears before the acknowledgement."""
    machine = harness.machine(PASS)
    checks = iter([True, False])
    presence = harness.engine.store._presence
    original_check = presence.check

    def check() -> None:
        if not next(checks, True):
            harness.directory.rename(moved_directory(harness))
        original_check()

    monkeypatch.setattr(presence, "check", check)
    with pytest.raises(Unavailable):
        harness.start(machine, name="night")
    moved_directory(harness).rename(harness.directory)
    harness.advance(5 * SECOND)
    execution = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert harness.status(execution) == "SUCCEEDED"
