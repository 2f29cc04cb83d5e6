"""Fixtures: the console with an engine in this process, and Chromium for the tests in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console import real_browser
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness
from tests.served_engine import ServedEngine


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    """An engine on a virtual clock."""
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


@pytest.fixture
def browser(harness: EngineHarness) -> Browser:
    """A browser for the console of that engine, without a screen."""
    return Browser(harness)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    """A program with an engine and a cluster."""
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()


@pytest.fixture
def as_on_aws(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave only the operations that AWS has, and record which are called."""
    calls: list[str] = []
    original = LocalPort.call

    async def answer_none(*_: Json, **_params: Json) -> None:
        return None

    async def record(port: LocalPort, place: Place, service: str, operation: str, *more: Json) -> Json:
        calls.append(operation)
        return await original(port, place, service, operation, *more)

    monkeypatch.setattr(Calls, "call_internal", answer_none)
    monkeypatch.setattr(LocalPort, "call", record)
    return calls


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
