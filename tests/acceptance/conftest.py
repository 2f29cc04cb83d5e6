"""A served engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An engine that runs plain processes."""
    engine = Served(tmp_path / "data")
    engine.up()
    yield engine
    engine.close()
