"""The search field in a real browser with a real engine: typing, the keyboard, its look on a phone and a screen."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lamplighter.base.json_text import Json
from tests.console import real_browser
from tests.console.test_browser_pages import find_overflow, find_problems
from tests.served_engine import ServedEngine

LONG = "nightly-import-of-all-orders-and-invoices-of-every-branch-office-in-all-regions-x"[:80]
PHONE, SCREEN = 390, 1280


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path_factory.mktemp("search") / "data")
    made.up()
    states: Json = {"Load files": {"Type": "Pass", "Next": "Count"}, "Count": {"Type": "Pass", "End": True}}
    made.machine({"StartAt": "Load files", "States": states}, "orders")
    long = made.machine({"StartAt": LONG, "States": {LONG: {"Type": "Pass", "End": True}}}, LONG)
    made.ended(made.start(long, {"customer": "acme", "text": "x" * 300}, LONG))
    yield made
    made.close()


def type_words(page: Page, words: str) -> Locator:
    """Type words into the search field, and return the options of the list below it."""
    page.get_by_role("combobox", name="Search jobs and runs").press_sequentially(words)
    options = page.get_by_role("option")
    expect(options.last).to_contain_text(f"“{words}”")
    return options


def test_the_first_results_appear_while_the_reader_types(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/queues")
    options = type_words(page, "orders")
    expect(options).to_have_count(5)  # the job; the job, the run and the state with the long name; all results
    expect(options.first.locator("mark")).to_have_text("orders")
    options.first.click()
    expect(page).to_have_url(re.compile(r"/jobs/.*:orders$"))


def test_the_arrow_keys_choose_a_result_and_enter_opens_it(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/queues")
    field = page.get_by_role("combobox", name="Search jobs and runs")
    options = type_words(page, "files load")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    page.keyboard.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"state=Load%20files#graph$"))
    expect(page.locator('.node[data-name="Load files"] > a')).to_have_attribute("aria-current", "true")
    expect(page.locator(".node > a[aria-current]")).to_have_count(1)


def test_escape_closes_the_list_and_keeps_the_words_and_enter_opens_the_page(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/queues")
    field = page.get_by_role("combobox", name="Search jobs and runs")
    options = type_words(page, "acme")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)  # a hidden list has no options for people
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("acme")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{served.url}/search?q=acme")
    expect(page.locator(".hits mark").last).to_have_text("acme")


def test_the_list_closes_when_the_reader_goes_on(served: ServedEngine, page: Page) -> None:
    page.goto(f"{served.url}/queues")
    options = type_words(page, "orders")
    page.keyboard.press("Tab")
    expect(options).to_have_count(0)


def test_without_scripts_the_field_opens_the_page(served: ServedEngine, chromium: Browser) -> None:
    with real_browser.open_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/queues")
        page.get_by_role("searchbox", name="Search jobs and runs").fill("acme")
        page.keyboard.press("Enter")
        expect(page.locator(".hits a")).to_have_attribute("href", re.compile(f":{LONG}$"))
        page.get_by_label("Status").select_option("FAILED")
        page.get_by_role("button", name="Filter").click()
        expect(page.locator("main")).to_contain_text("Nothing has all of these words")


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_the_page_and_the_list_fit_the_screen_and_axe_finds_nothing(
    served: ServedEngine, chromium: Browser, scheme: real_browser.Scheme, width: int
) -> None:
    with real_browser.open_page(chromium, scheme, width, 844) as page:
        for path in ("/search", "/search?q=orders", "/search?q=nothing-has-this", "/search?q=acme&kind=runs"):
            page.goto(served.url + path)
            assert (find_overflow(page, width), find_problems(page)) == ([], []), path
        page.goto(f"{served.url}/queues")
        type_words(page, "acme")
        page.keyboard.press("ArrowDown")
        assert (find_overflow(page, width), find_problems(page)) == ([], [])
        field, found = (page.locator(each).bounding_box() for each in ("#search", "#search-results"))
        assert field is not None
        assert found is not None
        assert field["x"] >= 0
        assert found["x"] + found["width"] <= width
        assert found["y"] >= field["y"] + field["height"]


def test_on_a_phone_the_field_takes_no_line_of_the_header(served: ServedEngine, chromium: Browser) -> None:
    with real_browser.open_page(chromium, "light", PHONE, 844) as page:
        page.goto(f"{served.url}/queues")
        brand, field = (page.locator(each).bounding_box() for each in (".brand", "#search"))
        assert brand is not None
        assert field is not None
        assert field["width"] < 40
        assert abs(field["y"] - brand["y"]) < field["height"]
        page.locator("#search").click()
        wide = page.locator("#search").bounding_box()
        assert wide is not None
        assert wide["width"] > 300
