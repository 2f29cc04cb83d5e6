"""The pages around the jobs in a real browser with a real engine: dead letters, login, calendar, accessibility."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, expect

from lamplighter.engine import credentials
from tests.console import real_browser, sample_jobs
from tests.console.full_engine import count_messages, create_dead_letters, create_removed_job, fill_engine
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine, eventually


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    yield made
    made.close()


def test_one_click_sends_a_dead_letter_again_and_another_sends_all_others(engine: ServedEngine, page: Page) -> None:
    engine.up()
    url = create_dead_letters(engine, '{"night": 1}', '{"night": 2}', '{"night": 3}')
    page.goto(f"{engine.url}/queues")
    page.get_by_role("link", name="dead", exact=True).first.click()
    expect(page.locator(".messages tbody tr")).to_have_count(3)
    expect(page.locator(".messages")).to_contain_text('"night": 1')
    page.get_by_role("button", name="Send message").first.click()
    expect(page.locator(".messages tbody tr")).to_have_count(2)
    assert count_messages(engine, url) == 1
    with page.expect_navigation():  # a script sends the form and then loads the page
        page.get_by_role("button", name="Send all again").click()
    eventually(lambda: count_messages(engine, url) == 3)
    page.reload()
    expect(page.locator("main")).to_contain_text("No messages")
    expect(page.locator("main")).to_contain_text("2 of 2 messages")


def test_a_visitor_logs_in_and_out(engine: ServedEngine, page: Page) -> None:
    engine.up("--host", "0.0.0.0")
    (holder,) = credentials.load_credentials(engine.data / "credentials").values()
    page.goto(f"{engine.url}/queues")
    assert find_accessibility_problems(page) == []
    page.get_by_label("Password").fill("open sesame")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong password.")
    page.get_by_label("Password").fill(holder.password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{engine.url}/queues")
    assert all(each["httpOnly"] and each["sameSite"] == "Strict" for each in page.context.cookies())
    page.locator(".place summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(engine.url)
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_calendar_shows_times_in_the_reader_s_time_zone(engine: ServedEngine, chromium: Browser) -> None:
    engine.up()
    machine = engine.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    sample_jobs.create_schedule(engine, "nightly", machine, "cron(0 18 * * ? *)")
    context = chromium.new_context(timezone_id="Asia/Seoul")
    page = context.new_page()
    page.goto(f"{engine.url}/calendar")
    page.get_by_role("link", name="Asia/Seoul").click()
    expect(page.locator(".day").nth(3)).to_contain_text("18:00")
    context.close()


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
def test_pages_around_the_jobs_have_no_serious_accessibility_problem(
    engine: ServedEngine, chromium: Browser, scheme: real_browser.Scheme
) -> None:
    engine.up()
    paths = [*fill_engine(engine), *create_removed_job(engine)]
    with real_browser.open_page(chromium, scheme) as page:
        found = {path: find_problems_at(page, engine.url + path) for path in paths}
    assert {path: each for path, each in found.items() if each} == {}


def test_every_page_around_the_jobs_fits_a_phone(engine: ServedEngine, chromium: Browser) -> None:
    engine.up()
    with real_browser.open_page(chromium, width=390, height=800) as page:
        wide = [
            path for path in [*fill_engine(engine), *create_removed_job(engine)] if is_wide(page, engine.url + path)
        ]
    assert wide == []


def find_problems_at(page: Page, url: str) -> list[str]:
    page.goto(url)
    return find_accessibility_problems(page)


def is_wide(page: Page, url: str) -> bool:
    page.goto(url)
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
