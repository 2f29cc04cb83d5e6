"""The fixture `harness` for the tests of CloudFormation; its engine's clock starts on 2026-01-01."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[CloudFormationHarness]:
    with CloudFormationHarness.running(tmp_path / "data") as harness:
        yield harness
