"""What the tests of the engine share: a site, with an engine running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    made.up()
    yield made
    made.close()
