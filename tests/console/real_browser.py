"""A real browser: Debian's Chromium, driven by playwright; every error on a page fails the test."""

import functools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from lamplighter.base.json_text import Json

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_MILLISECONDS = 60_000
"""Milliseconds within which a page must show what is expected; the machine may be busy."""
expect.set_options(timeout=TIMEOUT_MILLISECONDS)
EXPECTED_ERRORS = ("422", "net::ERR_NETWORK_CHANGED")
"""An invalid form that is shown again; requests that Chromium repeats because Docker has added or removed a network."""
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
def open_context(browser: Browser, **options: Json) -> Iterator[BrowserContext]:
    """Open a context with these options, whose pages wait long enough for a machine under load."""
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    yield context
    context.close()


@contextmanager
def open_page(
    browser: Browser, scheme: Scheme = "light", width: int = 1280, height: int = 860, *, strict: bool = True
) -> Iterator[Page]:
    """Open a page in its own context; at the end, errors in the browser's console fail the test if `strict`."""
    errors: list[str] = []

    def record_error(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(each in message.text for each in EXPECTED_ERRORS):
            errors.append(message.text)

    viewport = {"width": width, "height": height}
    with open_context(browser, viewport=viewport, color_scheme=scheme, reduced_motion="reduce") as context:
        page = context.new_page()
        page.on("console", record_error)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert not (strict and errors), errors


def press_and_confirm(button: Locator, question: Locator, done: Locator) -> None:
    """Press a button, and press it again while it asks for confirmation, which it does for six seconds.

    `done` is attached to the page as soon as the action has had its effect.
    """
    for _ in range(10):
        expect(button.or_(question).or_(done).first).to_be_attached()
        if done.count():
            return
        with suppress(PlaywrightTimeout):
            button.click(timeout=5_000)
            question.click(timeout=5_000)
            return
    raise AssertionError("it was never pressed in time")


def hold_requests(page: Page, pattern: re.Pattern[str]) -> list[Route]:
    """Hold the page's requests that match; return the list of those that wait, to which later ones are added."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(pattern, hold)
    return held
