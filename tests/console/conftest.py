"""The console over an engine of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.browsing import Browser
from tests.engines import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An engine on a virtual clock."""
    made = Site(tmp_path / "data")
    made.up()
    yield made
    made.close()


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser that looks at it."""
    return Browser(site)
