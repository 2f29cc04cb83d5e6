from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.events.events_harness import EventsHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EventsHarness]:
    with EventsHarness.running(tmp_path / "data") as harness:
        yield harness
