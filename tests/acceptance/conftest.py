"""A served engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder
from tests.served_engine import ServedEngine


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that runs plain processes."""
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[UpFolder]:
    """A folder with a job file, and an engine that is not started yet."""
    made = UpFolder(tmp_path)
    yield made
    made.close()
