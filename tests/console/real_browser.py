"""A real browser: Debian's Chromium, driven by playwright; every error on a page fails the test."""

import functools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Page, Route, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_MILLISECONDS = 60_000
"""Milliseconds within which a page must show what is expected; the machine may be busy."""
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
Scheme = Literal["light", "dark"]


@functools.cache
def find_chromium() -> str:
    """Return the path of Chromium, or an empty string."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def require_chromium() -> None:
    """Skip the test if there is no Chromium, or fail it if Chromium is required."""
    if find_chromium():
        return
    if os.environ.get("LAMPLIGHTER_REQUIRE_BROWSER") == "1":
        pytest.fail("LAMPLIGHTER_REQUIRE_BROWSER=1, but there is no Chromium (Debian: chromium)")
    pytest.skip("there is no Chromium (Debian: chromium)")


@contextmanager
def start_chromium(*options: str) -> Iterator[Browser]:
    """Start Chromium without windows, with these command-line options."""
    with sync_playwright() as playwright, launch_browser(playwright.chromium, *options) as browser:
        yield browser


@contextmanager
def launch_browser(kind: BrowserType, *options: str) -> Iterator[Browser]:
    """Start another browser beside a running one."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *options]
    browser = kind.launch(executable_path=find_chromium(), args=arguments)
    yield browser
    browser.close()


@contextmanager
def open_page(
    browser: Browser, scheme: Scheme = "light", width: int = 1280, height: int = 860, *, strict: bool = True
) -> Iterator[Page]:
    """Open a page in its own context; at the end, errors in the browser's console fail the test if `strict`."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    page = context.new_page()
    errors: list[str] = []

    def record_error(message: ConsoleMessage) -> None:
        if message.type == "error" and "422" not in message.text:  # an invalid form that is shown again
            errors.append(message.text)

    page.on("console", record_error)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not (strict and errors), errors


def hold_requests(page: Page, pattern: re.Pattern[str]) -> list[Route]:
    """Hold the page's requests that match; return the list of those that wait, to which later ones are added."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(pattern, hold)
    return held
