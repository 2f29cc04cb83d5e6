"""The console over an engine of a test's own, and a real browser that looks at one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.console import real_browser
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    """An engine on a virtual clock."""
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


@pytest.fixture
def browser(harness: EngineHarness) -> Browser:
    """A browser that looks at it."""
    return Browser(harness)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A real browser; without one its tests are skipped, or fail where one is required."""
    real_browser.require()
    with real_browser.chromium() as started:
        yield started


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """An empty page of it."""
    with real_browser.page_of(chromium) as opened:
        yield opened
