"""What the tests of CloudFormation share: an office, with an engine running from 2026-01-01 on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.cloudformation.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "data")
    made.up()
    yield made
    made.close()
