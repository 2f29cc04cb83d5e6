from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.sns.sns_harness import SnsHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SnsHarness]:
    with SnsHarness.running(tmp_path / "data") as harness:
        yield harness
