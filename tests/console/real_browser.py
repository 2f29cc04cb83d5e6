"""A real browser: Debian's Chromium, driven by playwright, that complains of every error on a page."""

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60_000
"""Milliseconds that a page may take to show what is expected: the machine may be busy."""
expect.set_options(timeout=PATIENCE)
Scheme = Literal["light", "dark"]


@functools.cache
def program() -> str:
    """Where Chromium is."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def require() -> None:
    """Skip where there is no Chromium, or fail where there has to be one."""
    if program():
        return
    if os.environ.get("LAMPLIGHTER_REQUIRE_BROWSER") == "1":
        pytest.fail("LAMPLIGHTER_REQUIRE_BROWSER=1, but there is no Chromium (Debian: chromium)")
    pytest.skip("there is no Chromium (Debian: chromium)")


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """A browser without windows; options are those of its command line."""
    with sync_playwright() as playwright, launched(playwright.chromium, *options) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *options: str) -> Iterator[Browser]:
    """Another browser beside one that runs."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *options]
    browser = kind.launch(executable_path=program(), args=arguments)
    yield browser
    browser.close()


@contextmanager
def page_of(
    browser: Browser, scheme: Scheme = "light", width: int = 1280, height: int = 860, *, strict: bool = True
) -> Iterator[Page]:
    """A page of its own; at its end, whatever the browser complained of is an error, if `strict`."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "422" not in message.text:  # a form that came back with what is wrong
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not (strict and complaints), complaints
