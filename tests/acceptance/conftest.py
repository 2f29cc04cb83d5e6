"""A served engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.home import Home
from tests.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An engine that runs plain processes."""
    engine = Served(tmp_path / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A folder with a job file, and an engine that is not started yet."""
    made = Home(tmp_path)
    yield made
    made.close()
