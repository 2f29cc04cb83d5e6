"""The pages around the jobs in a real browser with a real engine: dead letters and the login."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lamplighter.engine import credentials
from tests.console import real_browser
from tests.console.full_engine import count_messages, create_dead_letters
from tests.console.test_browser import find_accessibility_problems, run_url
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
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(holder.password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{engine.url}/queues")
    assert all(each["httpOnly"] and each["sameSite"] == "Strict" for each in page.context.cookies())
    page.locator(".place summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(engine.url)
    expect(page.get_by_label("Password")).to_be_visible()


def test_who_selects_a_state_after_the_session_has_ended_is_asked_to_log_in(
    engine: ServedEngine, chromium: Browser
) -> None:
    engine.up()
    execution = engine.start(engine.machine({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}))
    engine.kill()
    engine.up("--host", "0.0.0.0")
    (holder,) = credentials.load_credentials(engine.data / "credentials").values()
    with real_browser.open_page(chromium, strict=False) as page:  # Chromium reports a refusal as an error
        page.goto(run_url(engine, execution))
        page.get_by_label("Password").fill(holder.password)
        page.get_by_label("Password").press("Enter")
        page.locator("body[data-connected]").wait_for()
        page.context.clear_cookies()
        page.locator('.graph .node[data-name="Only"] > a').click()
        expect(page.get_by_label("Password")).to_be_visible()
