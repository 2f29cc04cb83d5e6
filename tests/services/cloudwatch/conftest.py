from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[CloudWatchHarness]:
    with CloudWatchHarness.running(tmp_path / "data") as harness:
        harness.create_topic()
        yield harness
