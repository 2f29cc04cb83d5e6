"""The harness of the tests of EventBridge Scheduler: its engine runs from 2026-01-01 on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.scheduler.scheduler_harness import SchedulerHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SchedulerHarness]:
    with SchedulerHarness.running(tmp_path / "data") as harness:
        yield harness
