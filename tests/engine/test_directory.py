"""The data directory goes away, comes back, lost its database: nothing is acknowledged that is not in it."""

import shutil
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from tests.engine_harness import SECOND, EngineHarness, job

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
MISSING = ("lamplighter.db", "lamplighter.db-wal", "lock")


def away(harness: EngineHarness) -> Path:
    return harness.directory.with_name("away")


@pytest.mark.parametrize("name", ["", *MISSING])
def test_what_is_missing_is_noticed_at_once_and_what_comes_back_is_fine(harness: EngineHarness, name: str) -> None:
    machine = harness.machine(PASS)
    lost = harness.directory / name
    lost.rename(away(harness))
    with pytest.raises(Unavailable, match="is gone") as refused:
        harness.start(machine, name="night")
    assert refused.value.status == 503
    found = health.read_health(harness.engine)
    assert not found.available
    assert str(harness.directory / name) in found.body()["reason"]
    away(harness).rename(lost)
    harness.advance(5 * SECOND)
    assert health.read_health(harness.engine).available
    execution = harness.start(machine, name="night")
    harness.restart()
    assert harness.status(execution) == "SUCCEEDED"


def test_a_copy_in_its_place_is_not_taken_for_it(harness: EngineHarness) -> None:
    machine = harness.machine(PASS)
    harness.directory.rename(away(harness))
    shutil.copytree(away(harness), harness.directory)
    with pytest.raises(Unavailable, match="not the file that this engine opened"):
        harness.start(machine)
    assert not health.read_health(harness.engine).available


def test_it_is_noticed_without_a_call_and_work_goes_on_when_it_is_back(
    harness: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.define_task()
    execution = harness.run_machine({"Type": "Wait", "Seconds": 30}, job())
    harness.directory.rename(away(harness))
    for _ in range(20):
        harness.advance(5 * SECOND)
    said = [each.getMessage() for each in caplog.records if "cannot be written" in each.getMessage()]
    assert len(said) == 1
    assert harness.status(execution) == "RUNNING"
    assert harness.runtime.runs() == []
    away(harness).rename(harness.directory)
    for _ in range(4):
        harness.advance(5 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert len(harness.runtime.runs()) == 1
    assert health.read_health(harness.engine).available


def test_a_turn_that_was_committed_while_the_directory_went_away_is_done_when_it_is_back(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the commit is on disk, and the path is gone before it is acknowledged."""
    machine = harness.machine(PASS)
    checks = iter([True, False])
    presence = harness.engine.store._presence
    real = presence.check

    def check() -> None:
        if not next(checks, True):
            harness.directory.rename(away(harness))
        real()

    monkeypatch.setattr(presence, "check", check)
    with pytest.raises(Unavailable):
        harness.start(machine, name="night")
    away(harness).rename(harness.directory)
    harness.advance(5 * SECOND)
    execution = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert harness.status(execution) == "SUCCEEDED"
