"""The machine loses power: whatever a customer was told is on the disk, in a thousand states that a cut could leave.

Each state is what a disk may hold that has kept what was synced, and any part of what was not (`disk_states.py`).
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.disk_states import states
from tests.chaos.powercut import judge, put, revive
from tests.chaos.recorded_night import Night, Recorded, RecordedDisk, record, record_limbo

STATES = 1_000
SEED = 1


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(directory(tmp_path_factory.mktemp("night")), SEED)


def directory(path: Path) -> Path:
    made = path / "data"
    made.mkdir()
    return made


def faults(tmp_path: Path, recorded: Recorded, number: int) -> list[str]:
    """What is wrong with so many states."""
    found = []
    for point, files in states(recorded.log, number, SEED):
        put(tmp_path / "left", files)
        if fault := judge(tmp_path / "left", recorded, point):
            found.append(f"after {point} operations: {fault}")
    return found


def test_a_thousand_power_cuts_lose_nothing_that_a_customer_was_told(tmp_path: Path, recorded: Recorded) -> None:
    assert faults(tmp_path, recorded, STATES) == []


def test_an_engine_goes_on_from_what_a_power_cut_left(tmp_path: Path, recorded: Recorded) -> None:
    for number, (point, files) in enumerate(states(recorded.log, 10, SEED + 1)):
        put(tmp_path / str(number), files)
        revive(tmp_path / str(number), recorded, point)


def test_the_same_seed_gives_the_same_states(tmp_path: Path, recorded: Recorded) -> None:
    again = record(directory(tmp_path), SEED)
    assert again.log == recorded.log
    assert list(states(again.log, 20, SEED)) == list(states(recorded.log, 20, SEED))
    assert list(states(again.log, 20, SEED)) != list(states(recorded.log, 20, SEED + 1))


@pytest.mark.parametrize("syncs", range(8))
def test_what_an_engine_takes_up_of_a_killed_one_is_on_disk_before_it_acts_on_it(tmp_path: Path, syncs: int) -> None:
    recorded = record_limbo(directory(tmp_path), syncs)
    end = len(recorded.log)
    for point, files in states(recorded.log, 20, SEED, first=end):
        put(tmp_path / "left", files)
        assert judge(tmp_path / "left", recorded, point) is None


@pytest.mark.parametrize("mode", ["OFF", "NORMAL"])
def test_an_engine_that_does_not_sync_each_commit_is_found_out(tmp_path: Path, mode: str) -> None:
    careless = record(directory(tmp_path), SEED, 10, disk=lambda to: RecordedDisk(recorded=to, mode=mode))
    assert any("lost what was told" in fault for fault in faults(tmp_path, careless, 100))


@dataclass(slots=True, kw_only=True)
class Hasty(RecordedDisk):
    """Says that a commit is done, and makes it before the next one."""

    left: sqlite3.Connection | None = None

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> Json:
        self.left = None  # A new engine knows nothing of it.
        return RecordedDisk.connect(self, path, read_only=read_only, first_start=first_start)

    def meet(self, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE" and self.left is not None:
            RecordedDisk.commit(self, self.left)
            self.left = None

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        self.left = connection
        return connection.execute("SELECT 1")


def test_an_engine_that_answers_before_the_sync_is_found_out(tmp_path: Path) -> None:
    def only_send(night: Night, number: int, _chance: object) -> None:
        night.send(number)

    hasty = record(directory(tmp_path), SEED, 10, only_send, lambda to: Hasty(recorded=to))
    assert any("lost what was told" in fault for fault in faults(tmp_path, hasty, 100))
