"""Fixtures that start an engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder


@pytest.fixture
def up_folder(tmp_path: Path) -> Iterator[UpFolder]:
    """Return a folder for a job file, whose engine is not started yet."""
    folder = UpFolder(tmp_path)
    yield folder
    folder.close()
