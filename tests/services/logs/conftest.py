"""What the tests of CloudWatch Logs share: a site with an engine running, and a clerk who calls it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import Site
from tests.services.logs.clerk import Clerk


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[Clerk]:
    site = Site(tmp_path / "data")
    site.up()
    yield Clerk(site)
    site.close()
