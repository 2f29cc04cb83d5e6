from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.sqs.sqs_harness import SqsHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SqsHarness]:
    with SqsHarness.running(tmp_path / "data") as harness:
        yield harness
