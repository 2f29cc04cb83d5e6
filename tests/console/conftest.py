"""Fixtures: the console with an engine in this process, and Chromium for the tests in a real browser."""

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
    """A browser for the console of that engine, without a screen."""
    return Browser(harness)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Chromium; without it, its tests are skipped, or fail if LAMPLIGHTER_REQUIRE_BROWSER is set."""
    real_browser.require_chromium()
    with real_browser.start_chromium() as started:
        yield started


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """An empty page of Chromium."""
    with real_browser.open_page(chromium) as opened:
        yield opened
