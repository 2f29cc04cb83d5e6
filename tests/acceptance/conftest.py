"""Fixtures that start an engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder
from tests.served_engine import ServedEngine


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    """Start an engine that runs plain processes."""
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture
def up_folder(tmp_path: Path) -> Iterator[UpFolder]:
    """Return a folder for a job file, whose engine is not started yet."""
    folder = UpFolder(tmp_path)
    yield folder
    folder.close()
