"""The page that lists the keyboard shortcuts."""

import pytest

from tests.console.http_browser import Browser


def test_the_help_lists_the_shortcuts_without_scripts(browser: Browser) -> None:
    text = browser.get("/help").text
    for words in ("g then n The night", "j Next row", "x Tick the row", "/ Search", "? Show these shortcuts"):
        assert words in text, words


@pytest.mark.parametrize("path", ["/", "/tasks", "/events", "/help"])
def test_every_page_leads_to_the_help(browser: Browser, path: str) -> None:
    assert '<a href="/help">Keyboard shortcuts</a>' in browser.get(path).body
