"""The machine loses power: acknowledged facts are on the disk in a thousand states that a power cut could leave.

Each state has what was synced and any part of what was not synced (`disk_states.py`).
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.chaos.disk_states import power_cut_states
from tests.chaos.facts import WorkloadRecord
from tests.chaos.powercut import check_recovery, find_fault, write_files
from tests.chaos.recorded_batch import (
    RecordedDisk,
    Workload,
    record_kill_during_commit,
    record_workload,
)

STATE_COUNT = 1_000
SEED = 1


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> WorkloadRecord:
    return record_workload(create_data_directory(tmp_path_factory.mktemp("night")), SEED)


def create_data_directory(path: Path) -> Path:
    path = path / "data"
    path.mkdir()
    return path


def find_faults(tmp_path: Path, recorded: WorkloadRecord, number: int) -> list[str]:
    """Return what is wrong with this number of states."""
    found = []
    for point, files in power_cut_states(recorded.log, number, SEED):
        write_files(tmp_path / "left", files)
        if fault := find_fault(tmp_path / "left", recorded, point):
            found.append(f"after {point} operations: {fault}")
    return found


def test_a_thousand_power_cuts_lose_no_acknowledged_fact(tmp_path: Path, recorded: WorkloadRecord) -> None:
    assert find_faults(tmp_path, recorded, STATE_COUNT) == []


def test_an_engine_continues_from_the_files_that_a_power_cut_left(tmp_path: Path, recorded: WorkloadRecord) -> None:
    for number, (point, files) in enumerate(power_cut_states(recorded.log, 10, SEED + 1)):
        write_files(tmp_path / str(number), files)
        check_recovery(tmp_path / str(number), recorded, point)


def test_the_same_seed_gives_the_same_states(tmp_path: Path, recorded: WorkloadRecord) -> None:
    again = record_workload(create_data_directory(tmp_path), SEED)
    assert again.log == recorded.log
    assert list(power_cut_states(again.log, 20, SEED)) == list(power_cut_states(recorded.log, 20, SEED))
    assert list(power_cut_states(again.log, 20, SEED)) != list(power_cut_states(recorded.log, 20, SEED + 1))


@pytest.mark.parametrize("syncs", range(8))
def test_an_engine_syncs_the_data_of_a_killed_engine_before_it_acts_on_it(tmp_path: Path, syncs: int) -> None:
    recorded = record_kill_during_commit(create_data_directory(tmp_path), syncs)
    end = len(recorded.log)
    for point, files in power_cut_states(recorded.log, 20, SEED, first=end):
        write_files(tmp_path / "left", files)
        assert find_fault(tmp_path / "left", recorded, point) is None


@pytest.mark.parametrize("mode", ["OFF", "NORMAL"])
def test_an_engine_that_does_not_sync_each_commit_is_detected(tmp_path: Path, mode: str) -> None:
    record = record_workload(
        create_data_directory(tmp_path), SEED, 10, disk=lambda to: RecordedDisk(recorded=to, mode=mode)
    )
    assert any("lost what was told" in fault for fault in find_faults(tmp_path, record, 100))


@dataclass(slots=True, kw_only=True)
class LateCommitDisk(RecordedDisk):
    """A disk that reports a commit as done, but commits only before the next transaction."""

    pending: sqlite3.Connection | None = None

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> Json:
        self.pending = None  # The commit is lost with the old engine.
        return RecordedDisk.connect(self, path, read_only=read_only, first_start=first_start)

    def check_statement(self, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE" and self.pending is not None:
            RecordedDisk.commit(self, self.pending)
            self.pending = None

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        self.pending = connection
        return connection.execute("SELECT 1")


def test_an_engine_that_answers_before_the_sync_is_detected(tmp_path: Path) -> None:
    def send_only(workload: Workload, number: int, _chance: object) -> None:
        workload.send_message(number)

    record = record_workload(
        create_data_directory(tmp_path), SEED, 10, send_only, lambda to: LateCommitDisk(recorded=to)
    )
    assert any("lost what was told" in fault for fault in find_faults(tmp_path, record, 100))
