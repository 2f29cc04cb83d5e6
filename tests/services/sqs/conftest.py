from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import Site
from tests.services.sqs.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    site = Site(tmp_path / "data")
    site.up()
    yield Office(site)
    site.close()
