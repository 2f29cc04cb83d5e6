"""A run as it happens."""

import pytest

from lamplighter.base.jsontext import Json
from lamplighter.console import runs
from lamplighter.console.page import Page
from lamplighter.console.runs import Run
from tests.console.browsing import Browser
from tests.engines import SECOND, Site, chain

WAIT = chain({"Type": "Wait", "Seconds": 600})


def test_a_first_look_that_takes_long_does_not_delay_the_second(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = site.start(site.machine(WAIT))
    site.settle()
    looks = 0
    values = runs.values

    async def look(page: Page, run: Run) -> Json:
        nonlocal looks
        looks += 1
        site.clock.advance(4 * SECOND)
        return await values(page, run)

    monkeypatch.setattr(runs, "values", look)
    heard = browser.follow(f"/runs/{execution}/live")
    assert looks == 1
    site.call("states", "StopExecution", executionArn=execution)
    site.advance(SECOND)
    assert looks == 2
    assert "aborted" in "".join(heard)


def test_a_look_waits_five_times_as_long_as_the_last_one_took(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = site.start(site.machine(WAIT))
    site.settle()
    looks = 0
    values = runs.values

    async def look(page: Page, run: Run) -> Json:
        nonlocal looks
        looks += 1
        site.clock.advance(4 * SECOND if looks > 1 else 0)
        return await values(page, run)

    monkeypatch.setattr(runs, "values", look)
    browser.follow(f"/runs/{execution}/live")
    site.advance(SECOND)
    assert looks == 2
    site.advance(19 * SECOND)
    assert looks == 2
    site.advance(2 * SECOND)
    assert looks == 3
    browser.closing.set()
