"""The live page of a running run."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.pages.runs import run as runs
from lamplighter.console.pages.runs.run import RunData
from tests.console.http_browser import Browser
from tests.engine_harness import SECOND, EngineHarness, chain

WAIT = chain({"Type": "Wait", "Seconds": 600})


class PollCounter:
    """Counts the polls of a run, each of which takes four seconds."""

    def __init__(self, harness: EngineHarness, monkeypatch: pytest.MonkeyPatch, *, is_first_quick: bool) -> None:
        self.count = 0
        original = runs.live_values

        async def poll(page: Page, run: RunData) -> Json:
            self.count += 1
            harness.clock.advance(0 if is_first_quick and self.count == 1 else 4 * SECOND)
            return await original(page, run)

        monkeypatch.setattr(runs, "live_values", poll)


@pytest.fixture
def execution(harness: EngineHarness) -> str:
    """A run that lasts ten minutes."""
    started = harness.start(harness.machine(WAIT))
    harness.settle()
    return started


def test_a_slow_first_poll_does_not_delay_the_second(
    harness: EngineHarness, browser: Browser, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = PollCounter(harness, monkeypatch, is_first_quick=False)
    received = browser.open_stream(f"/streams?of=/runs/{execution}/live")
    assert polls.count == 1
    harness.call("states", "StopExecution", executionArn=execution)
    harness.advance(SECOND)
    assert polls.count == 2
    assert "stopped" in "".join(received)


def test_a_poll_waits_five_times_as_long_as_the_last_poll_took(
    harness: EngineHarness, browser: Browser, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = PollCounter(harness, monkeypatch, is_first_quick=True)
    browser.open_stream(f"/streams?of=/runs/{execution}/live")
    harness.advance(SECOND)
    assert polls.count == 2
    harness.advance(19 * SECOND)
    assert polls.count == 2
    harness.advance(2 * SECOND)
    assert polls.count == 3
    browser.closing.set()
