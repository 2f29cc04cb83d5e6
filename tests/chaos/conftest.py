"""Fixtures of an engine on a disk that becomes full."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.full_disks import Disk, FileSizeLimit, MountedDisk
from tests.served_engine import ServedEngine


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {made.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def full_disk(request: pytest.FixtureRequest) -> Disk:
    return MountedDisk(request.getfixturevalue("mounted")) if request.param == "mount" else FileSizeLimit()


@pytest.fixture
def served(tmp_path: Path, full_disk: Disk) -> Iterator[ServedEngine]:
    engine = ServedEngine((tmp_path / "disk" if isinstance(full_disk, MountedDisk) else tmp_path) / "data")
    engine.up("--quiet")
    yield engine
    engine.close()
