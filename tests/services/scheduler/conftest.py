"""A harness for the tests of EventBridge Scheduler, whose clock begins at 2026-01-01."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.scheduler.scheduler_harness import SchedulerHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SchedulerHarness]:
    with SchedulerHarness.running(tmp_path / "data") as harness:
        yield harness
