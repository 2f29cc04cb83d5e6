"""A harness for the tests of CloudWatch Logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.logs.logs_harness import LogsHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[LogsHarness]:
    with LogsHarness.running(tmp_path / "data") as harness:
        yield harness
