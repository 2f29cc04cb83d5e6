"""The machine loses power: a power cut shows an engine that does not sync the files beside its database in time."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.s3 import object_files
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.store import encryption
from tests.chaos.disk_states import power_cut_states
from tests.chaos.powercut import find_fault, write_files
from tests.chaos.recorded_batch import Workload, record_workload

SEED = 3
ROUNDS, STATES = 12, 150


def store_only(workload: Workload, number: int, rng: random.Random) -> None:
    """Do only the part of the workload that writes files."""
    workload.stored.store(number, rng)


def find_faults(tmp_path: Path) -> set[str]:
    """Record the workload; return what power cuts leave wrong, without the names of objects."""
    data = tmp_path / "data"
    data.mkdir()
    recorded = record_workload(data, SEED, ROUNDS, store_only)
    found = set()
    for point, files in power_cut_states(recorded.log, STATES, SEED):
        write_files(tmp_path / "left", files)
        if fault := find_fault(tmp_path / "left", recorded, point):
            found.add(fault)
    return found


def test_the_files_of_an_engine_that_syncs_them_survive(tmp_path: Path) -> None:
    assert find_faults(tmp_path) == set()


def do_nothing(*_: object) -> None:
    """Sync nothing."""


def make_unsynced_folder(_files: ObjectFiles, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def delete_at_once(files: ObjectFiles, _tx: object, names: Json) -> None:
    files._delete([name for name in names if name is not None])


def write_unsynced(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("place", "name", "wrong", "fault"),
    [
        (object_files, "sync_directory", do_nothing, "has no file"),
        (object_files, "sync_file", do_nothing, "has other content"),
        (ObjectFiles, "_make_folder", make_unsynced_folder, "has no file"),
        (ObjectFiles, "delete_after_commit", delete_at_once, "has no file"),
        (encryption, "write_file", write_unsynced, "cannot be decrypted"),
    ],
)
def test_an_engine_that_does_not_sync_files_in_time_is_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: object, name: str, wrong: Callable[..., None], fault: str
) -> None:
    monkeypatch.setattr(place, name, wrong)
    assert any(fault in found for found in find_faults(tmp_path))
