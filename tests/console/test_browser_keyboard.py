"""The keyboard shortcuts of the console, in a real browser with a real engine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from lamplighter.console.pages.shortcuts import SHORTCUTS
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine

GO_TO = {each.keys[1]: each.action for each in SHORTCUTS[0][1]}
PATHS = {"n": "/", "j": "/jobs", "t": "/tasks", "c": "/calendar", "e": "/events", "q": "/queues"}


ADD_BOXES = """() => {
  const box = "<input type=checkbox name=run aria-label=Tick>";
  for (const each of document.querySelectorAll("tbody th")) each.insertAdjacentHTML("beforeend", box);
  document.querySelector("[data-refresh]").removeAttribute("data-refresh"); // a refresh would remove the boxes
}"""
ADD_SEARCH = "document.querySelector('header').insertAdjacentHTML('beforeend', '<input type=search id=search>')"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path_factory.mktemp("engine") / "data")
    engine.up()
    for name in ("first", "second", "third"):
        engine.client("sqs").create_queue(QueueName=name)
    yield engine
    engine.close()


def open_queues(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/queues")
    expect(page.locator("body[data-connected]")).to_be_attached()


def queue(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def test_the_help_and_the_tests_know_the_same_places() -> None:
    assert GO_TO.keys() == PATHS.keys()


@pytest.mark.parametrize("key", PATHS)
def test_g_and_a_letter_go_to_a_section_in_the_region_of_the_page(served: ServedEngine, page: Page, key: str) -> None:
    page.clock.set_fixed_time(datetime.now(UTC))  # the second key counts for a moment only
    page.goto(f"{served.url}/topics?region=eu-west-1&account=123456789012")
    page.keyboard.press("g")
    page.keyboard.press(key)
    page.wait_for_url(lambda url: urlsplit(url).path == PATHS[key] and "region=eu-west-1" in url)


def test_j_and_k_move_through_the_rows_and_enter_opens(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    page.keyboard.press("k")
    expect(queue(page, "third")).to_be_focused()
    page.reload()
    page.keyboard.press("j")
    expect(queue(page, "first")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(queue(page, "third")).to_be_focused()
    page.keyboard.press("k")
    expect(queue(page, "second")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/queues/arn:*:second")


def test_x_ticks_the_row(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    page.evaluate(ADD_BOXES)
    page.keyboard.press("x")
    expect(page.locator("input:checked")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("x")
    boxes = page.get_by_role("checkbox", name="Tick")
    expect(boxes.nth(0)).to_be_checked()
    expect(boxes.nth(1)).not_to_be_checked()
    boxes.nth(0).focus()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    page.keyboard.press("x")
    expect(boxes.nth(1)).not_to_be_checked()


def test_a_slash_focuses_the_search(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    if page.locator("header #search").count() == 0:
        page.evaluate(ADD_SEARCH)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#search")).to_have_value("")


def test_r_refreshes_the_list_without_a_new_page(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    page.evaluate("window.unchanged = true")
    with page.expect_response(lambda answer: urlsplit(answer.url).path == "/queues"):
        page.keyboard.press("r")
    assert page.evaluate("window.unchanged")


def test_r_loads_a_page_without_a_list_anew(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/help")
    page.evaluate("window.unchanged = true")
    page.keyboard.press("r")
    page.wait_for_function("!window.unchanged")


def test_keys_that_are_typed_into_a_field_are_text(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    field = page.get_by_role("searchbox", name="Name")
    field.focus()
    page.keyboard.type("gj?/xrk")
    expect(field).to_have_value("gj?/xrk")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert urlsplit(page.url).path == "/queues"


def test_a_question_mark_shows_the_shortcuts_and_escape_returns_to_the_row(served: ServedEngine, page: Page) -> None:
    open_queues(served, page)
    page.keyboard.press("j")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next row")
    assert find_accessibility_problems(page) == []
    page.keyboard.press("j")  # has no effect behind the dialog
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(queue(page, "first")).to_be_focused()
    page.keyboard.press("?")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_shortcuts_can_be_switched_off_and_stay_off(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/help")
    page.get_by_role("checkbox", name="Use single-key shortcuts").uncheck()
    open_queues(served, page)
    for key in ("?", "j", "g", "t"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(queue(page, "first")).not_to_be_focused()
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(page.get_by_role("checkbox", name="Use single-key shortcuts")).not_to_be_checked()
    page.get_by_role("checkbox", name="Use single-key shortcuts").check()
    open_queues(served, page)
    page.keyboard.press("j")
    expect(queue(page, "first")).to_be_focused()
