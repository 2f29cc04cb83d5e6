"""`make pictures`: write a picture of every page of the console into docs/pictures, from a real engine with jobs.

The pictures are WebP, which Chromium itself makes of its screenshots: half as large as PNG.
"""

import base64
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from lamplighter.engine.users_file import change_users
from lamplighter.wire.access.password_hash import hash_password
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.users import User
from tests.console import real_browser
from tests.console.full_engine import QUEUE
from tests.console.picture_jobs import Shown, create_jobs
from tests.served_engine import ServedEngine

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PASSWORD = "correct horse battery"
TO_WEBP = """
async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85);
}
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """How large a picture is, and in which colours."""

    height: int = 800
    width: int = 1280
    scheme: real_browser.Scheme = "light"


PHONE = Screen(844, 390)


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with real_browser.start_chromium() as browser:
        with open_engine() as (served, folder):
            served.up()
            served.ecs.create_cluster(clusterName="default")
            shown = create_jobs(served, folder)
            for name, (path, screen) in list_pages(served, shown).items():
                with real_browser.open_page(browser, screen.scheme, screen.width, screen.height) as page:
                    page.goto(served.url + path)
                    take_picture(page, name)
            take_night_pictures(browser, served)
            take_event_picture(browser, served)
        with open_engine() as (served, _):
            take_pictures_of_people(browser, served)


@contextmanager
def open_engine() -> Iterator[tuple[ServedEngine, Path]]:
    """Yield an engine that has not started, and an empty folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        served = ServedEngine(Path(folder) / "data")
        try:
            yield served, Path(folder)
        finally:
            served.close()


def list_pages(served: ServedEngine, shown: Shown) -> Mapping[str, tuple[str, Screen]]:
    """Return the paths of the pages and their screens by the names of their pictures."""
    attempt = next(each["id"] for each in served.history(shown.succeeded) if each["type"] == "TaskScheduled")
    task = served.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"][0]
    return {
        "jobs": ("/jobs", Screen(620)),
        "job": (f"/jobs/{shown.pipeline}", Screen(1000)),
        "job-of-tasks": (shown.scheduled_task, Screen(700)),
        "job-removed": (f"/jobs/{shown.removed}", Screen(400)),
        "start": (f"/jobs/{shown.pipeline}/start", Screen(620)),
        "run": (f"/runs/{shown.succeeded}?state=Extract", Screen(1120, scheme="dark")),
        "run-failed": (f"/runs/{shown.failed}", Screen(820)),
        "run-running": (f"/runs/{shown.running}", Screen(820)),
        "run-large": (f"/runs/{shown.large}", Screen(900)),
        "run-phone": (f"/runs/{shown.failed}", PHONE),
        "items": (f"/runs/{shown.items}/items", Screen(620)),
        "logs": (f"/runs/{shown.succeeded}/logs?attempt={attempt}", Screen(520, scheme="dark")),
        "logs-search": (f"/runs/{shown.succeeded}/logs?attempt={attempt}&find=no+price", Screen(520)),
        "history": (f"/runs/{shown.failed}/history", Screen(620)),
        "calendar": ("/calendar?zone=Europe/Berlin", Screen(520)),
        "tasks": ("/tasks", Screen(620)),
        "task": (f"/tasks/{task}", Screen(620)),
        "definitions": ("/definitions", Screen(520)),
        "definition": (f"/definitions/{shown.definition}", Screen(620)),
        "events": ("/events", Screen(620)),
        "rules": ("/rules", Screen(400)),
        "rule": (f"/rules/{shown.rule}", Screen(700)),
        "topics": ("/topics", Screen(400)),
        "topic": (f"/topics/{shown.topic}", Screen(700)),
        "queues": ("/queues", Screen(400)),
        "queue": (f"/queues/{QUEUE}dead", Screen(620)),
        "stacks": ("/stacks", Screen(400)),
        "stack": (f"/stacks/{shown.stack}", Screen(620)),
        "search": ("/search?q=invoices", Screen(520)),
        "clock": ("/clock", Screen(500)),
        "help": ("/help", Screen(700)),
    }


def take_night_pictures(browser: Browser, served: ServedEngine) -> None:
    """Take the pictures of the night, of an action on its failures, and of what it did."""
    with real_browser.open_page(browser, height=820) as page:
        page.goto(served.url)
        take_picture(page, "night")
    with real_browser.open_page(browser, "dark", PHONE.width, PHONE.height) as page:
        page.goto(served.url)
        take_picture(page, "night-phone")
    with real_browser.open_page(browser, height=420) as page:
        page.goto(served.url)
        page.get_by_role("button", name="Tick all that failed").click()
        page.get_by_role("button", name="Run again").click()
        page.wait_for_selector("#actions")
        take_picture(page, "night-question")
        page.locator("#actions .primary").click()
        page.get_by_role("link", name="Back to the night").wait_for()
        take_picture(page, "night-report")


def take_event_picture(browser: Browser, served: ServedEngine) -> None:
    """Take the picture of why a rule matched an event."""
    with real_browser.open_page(browser, height=640) as page:
        page.goto(f"{served.url}/events")
        page.locator("tr", has_text="attempt-failed").first.get_by_role("link").first.click()
        page.wait_for_url("**/events/*")
        take_picture(page, "event")


def take_pictures_of_people(browser: Browser, served: ServedEngine) -> None:
    """Take the pictures of an engine that knows people: its login and its audit log."""
    user = User("anna", Role.CHANGE, hash_password(PASSWORD, "0123456789abcdefghijkl"))
    change_users(served.data, lambda present: {**present, user.name: user})
    served.up()
    with real_browser.open_page(browser, height=420) as page:
        page.goto(f"{served.url}/audit")
        take_picture(page, "login")
        page.get_by_label("Name").fill(user.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector("main table")
        take_picture(page, "audit")


def take_picture(page: Page, name: str) -> None:
    """Write what the window shows as a picture."""
    expect(page.locator("main")).to_be_visible()
    time.sleep(0.5)  # until the graph is drawn and deferred parts are loaded
    png = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()  # no Content-Security-Policy forbids it pictures
    made: str = blank.evaluate(TO_WEBP, png)
    blank.close()
    (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(made.partition(",")[2]))


if __name__ == "__main__":
    main()
