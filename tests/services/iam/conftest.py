from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.iam.iam_harness import EnforcingHarness, IamHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[IamHarness]:
    with IamHarness.running(tmp_path / "data") as harness:
        yield harness


@pytest.fixture
def enforcing(tmp_path: Path) -> Iterator[EnforcingHarness]:
    with EnforcingHarness.running(tmp_path / "data") as harness:
        yield harness
