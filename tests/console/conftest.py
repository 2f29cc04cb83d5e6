"""The console over an engine of a test's own, and a real browser that looks at one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.console import screen
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A real browser; without one its tests are skipped, or fail where one is required."""
    screen.require()
    with screen.chromium() as started:
        yield started


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """An empty page of it."""
    with screen.page_of(chromium) as opened:
        yield opened
