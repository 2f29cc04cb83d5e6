"""A run as it happens."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.pages import run as runs
from lamplighter.console.pages.run import RunData
from tests.console.http_browser import Browser
from tests.engine_harness import SECOND, EngineHarness, chain

WAIT = chain({"Type": "Wait", "Seconds": 600})


class Looks:
    """Counts the looks at a run, each of which takes four seconds."""

    def __init__(self, harness: EngineHarness, monkeypatch: pytest.MonkeyPatch, *, quick_first: bool) -> None:
        self.count = 0
        values = runs.live_values

        async def look(page: Page, run: RunData) -> Json:
            self.count += 1
            harness.clock.advance(0 if quick_first and self.count == 1 else 4 * SECOND)
            return await values(page, run)

        monkeypatch.setattr(runs, "live_values", look)


@pytest.fixture
def execution(harness: EngineHarness) -> str:
    """One that runs for a while."""
    started = harness.start(harness.machine(WAIT))
    harness.settle()
    return started


def test_a_first_look_that_takes_long_does_not_delay_the_second(
    harness: EngineHarness, browser: Browser, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(harness, monkeypatch, quick_first=False)
    heard = browser.follow(f"/runs/{execution}/live")
    assert looks.count == 1
    harness.call("states", "StopExecution", executionArn=execution)
    harness.advance(SECOND)
    assert looks.count == 2
    assert "aborted" in "".join(heard)


def test_a_look_waits_five_times_as_long_as_the_last_one_took(
    harness: EngineHarness, browser: Browser, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(harness, monkeypatch, quick_first=True)
    browser.follow(f"/runs/{execution}/live")
    harness.advance(SECOND)
    assert looks.count == 2
    harness.advance(19 * SECOND)
    assert looks.count == 2
    harness.advance(2 * SECOND)
    assert looks.count == 3
    browser.closing.set()
