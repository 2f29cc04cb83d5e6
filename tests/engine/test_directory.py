"""The data directory goes away, comes back, lost its database: nothing is acknowledged that is not in it."""

import shutil
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.engine import health
from tests.engines import SECOND, Site, job

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
MISSING = ("lamplighter.db", "lamplighter.db-wal", "lock")


def away(site: Site) -> Path:
    return site.directory.with_name("away")


@pytest.mark.parametrize("name", ["", *MISSING])
def test_what_is_missing_is_noticed_at_once_and_what_comes_back_is_fine(site: Site, name: str) -> None:
    machine = site.machine(PASS)
    lost = site.directory / name
    lost.rename(away(site))
    with pytest.raises(Unavailable, match="is gone") as refused:
        site.start(machine, name="night")
    assert refused.value.status == 503
    found = health.read_health(site.engine)
    assert not found.available
    assert str(site.directory / name) in found.body()["reason"]
    away(site).rename(lost)
    site.advance(5 * SECOND)
    assert health.read_health(site.engine).available
    execution = site.start(machine, name="night")
    site.restart()
    assert site.status(execution) == "SUCCEEDED"


def test_a_copy_in_its_place_is_not_taken_for_it(site: Site) -> None:
    machine = site.machine(PASS)
    site.directory.rename(away(site))
    shutil.copytree(away(site), site.directory)
    with pytest.raises(Unavailable, match="not the file that this engine opened"):
        site.start(machine)
    assert not health.read_health(site.engine).available


def test_it_is_noticed_without_a_call_and_work_goes_on_when_it_is_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.define_task()
    execution = site.run_machine({"Type": "Wait", "Seconds": 30}, job())
    site.directory.rename(away(site))
    for _ in range(20):
        site.advance(5 * SECOND)
    said = [each.getMessage() for each in caplog.records if "takes no writes" in each.getMessage()]
    assert len(said) == 1
    assert site.status(execution) == "RUNNING"
    assert site.runtime.runs() == []
    away(site).rename(site.directory)
    for _ in range(4):
        site.advance(5 * SECOND)
    assert site.status(execution) == "SUCCEEDED"
    assert len(site.runtime.runs()) == 1
    assert health.read_health(site.engine).available


def test_a_turn_that_was_committed_while_the_directory_went_away_is_done_when_it_is_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the commit is on disk, and the path is gone before it is acknowledged."""
    machine = site.machine(PASS)
    checks = iter([True, False])
    presence = site.engine.store._presence
    real = presence.check

    def check() -> None:
        if not next(checks, True):
            site.directory.rename(away(site))
        real()

    monkeypatch.setattr(presence, "check", check)
    with pytest.raises(Unavailable):
        site.start(machine, name="night")
    away(site).rename(site.directory)
    site.advance(5 * SECOND)
    execution = site.call("states", "ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"]
    assert site.status(execution) == "SUCCEEDED"
