"""What the tests of EventBridge Scheduler share: a desk, with an engine running from 2026-01-01 on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.scheduler.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    made.up()
    yield made
    made.close()
