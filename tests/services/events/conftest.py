from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.events.hall import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path / "data")
    made.up()
    yield made
    made.close()
