from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.cloudwatch.tower import Tower


@pytest.fixture
def tower(tmp_path: Path) -> Iterator[Tower]:
    made = Tower(tmp_path / "data")
    made.up()
    made.people()
    yield made
    made.close()
