"""Firefox: Debian's firefox-esr, driven through the protocol that it speaks itself, WebDriver BiDi.

Playwright needs a Firefox of its own, and Selenium needs geckodriver, which neither Debian nor PyPI has. So this module
sends the few commands that the tests need. Guarantees that each wait is for something on the page, and that every error
on a page fails the test.
See https://w3c.github.io/webdriver-bidi/.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from lamplighter.base.json_text import Json
from tests.killed_at_end import killed_at_end

PROGRAMS = ("firefox-esr", "firefox")
LISTENING = "WebDriver BiDi listening on "
START_SECONDS, WAIT_SECONDS = 120, 60
POLL_SECONDS = 0.05
"""Seconds between two looks at a page that does not show yet what a test expects."""
PREFERENCES = {"browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False}


def find_firefox() -> str:
    """Return the path of Firefox, or an empty string."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def require_firefox() -> None:
    """Skip the test if there is no Firefox, or fail it if browsers are required."""
    if find_firefox():
        return
    if os.environ.get("LAMPLIGHTER_REQUIRE_BROWSER") == "1":
        pytest.fail("LAMPLIGHTER_REQUIRE_BROWSER=1, but there is no Firefox (Debian: firefox-esr)")
    pytest.skip("there is no Firefox (Debian: firefox-esr)")


class FirefoxPage:
    """The one page of a running Firefox."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.errors: list[str] = []
        """The errors that pages wrote to the browser's console."""
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._context: str = self._send("browsingContext.getTree")["contexts"][0]["context"]
        viewport = {"width": 1280, "height": 860}
        self._send("browsingContext.setViewport", context=self._context, viewport=viewport)

    def goto(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Json:
        """Return the value of a JavaScript expression, which is plain JSON."""
        answer = self._send(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def wait_for(self, expression: str) -> Json:
        """Return the value of an expression as soon as it is true; a page that is being replaced is asked again."""

        def read() -> Json:
            try:
                return self.evaluate(expression)
            except (AssertionError, BidiError):
                return None

        return _wait(read, f"{expression} on {self._url()}")

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until an element contains a text."""
        self.wait_for(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(text)})")

    def click(self, selector: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait for an element and click it with the mouse; one that is replaced meanwhile is found again."""

        def click_once() -> bool:
            try:
                self._click_element(self._find(selector))
            except BidiError:
                return False
            return True

        _wait(click_once, selector, seconds)

    def _click_element(self, element: Json) -> None:
        """Move the mouse to an element and click. Raises BidiError without a click if the element is gone."""
        moves = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or the values of WebDriver for others."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": strokes})

    def fill(self, selector: str, text: str) -> None:
        """Replace the text of a field, as a user who types does."""
        self.click(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self.press(*text)

    def _act(self, source: Json) -> None:
        self._send("input.performActions", context=self._context, actions=[source])

    def _find(self, selector: str) -> Json:
        """Scroll to an element and return a reference to it. Raises BidiError if there is none."""
        visible = f"document.querySelector({json.dumps(selector)})?.scrollIntoView({{ block: 'center' }})"
        self.evaluate(visible)
        locator = {"type": "css", "value": selector}
        found = self._send("browsingContext.locateNodes", context=self._context, locator=locator, maxNodeCount=1)
        if not found["nodes"]:
            raise BidiError(f"there is no {selector}")
        return {"sharedId": found["nodes"][0]["sharedId"]}

    def _url(self) -> str:
        found: str = self._send("browsingContext.getTree")["contexts"][0]["url"]
        return found

    def _send(self, method: str, **params: Json) -> Json:
        """Send a command and return its result. Raises BidiError."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(WAIT_SECONDS))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.errors.append(str(message["params"]["text"]))
            if message.get("id") != number:
                continue
            if message["type"] == "error":
                raise BidiError(f"{method}: {message['message']}")
            return message["result"]


class BidiError(Exception):
    """Firefox refused a command: for example, because the element was replaced meanwhile."""


@contextmanager
def start_firefox(profile: Path) -> Iterator[FirefoxPage]:
    """Start Firefox without windows, with a new profile in this folder."""
    lines = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text(lines)
    output = profile / "output"
    command = [find_firefox(), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"]
    environment = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    with killed_at_end(process):
        url = _wait(lambda: _listening_url(output), "Firefox to listen", START_SECONDS)
        address = f"{url}/session"  # Firefox listens before it can answer
        with connect(address, max_size=None, proxy=None, open_timeout=START_SECONDS, ping_interval=None) as connection:
            page = FirefoxPage(connection)
            yield page
    assert page.errors == []


def _listening_url(output: Path) -> str | None:
    found: Sequence[str] = [each for each in output.read_text(errors="replace").splitlines() if LISTENING in each]
    return found[0].partition(LISTENING)[2].strip() if found else None


def _wait(read: Callable[[], Json], what: str, seconds: float = WAIT_SECONDS) -> Json:
    """Return what `read` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := read()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(POLL_SECONDS)
    return found
