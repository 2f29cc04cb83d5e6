from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.sns.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path / "data")
    town.up()
    yield town
    town.close()
