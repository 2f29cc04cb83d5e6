"""Fixtures for the tests of `up`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up.watched_file import GOOD, WatchedFile


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedFile]:
    made = WatchedFile(tmp_path)
    made.write(GOOD)
    made.start()
    yield made
    made.task.cancel()
    made.harness.settle()
    made.harness.close()
