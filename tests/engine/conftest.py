"""Shared fixture of the engine's tests: a harness with a running engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_harness import EngineHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness
