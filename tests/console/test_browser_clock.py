"""The switch for the time zone in a real browser, in another zone than the engine."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.console import real_browser, sample_jobs
from tests.served_engine import ServedEngine

SEOUL, NEW_YORK, BERLIN = "Asia/Seoul", "America/New_York", "Europe/Berlin"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


@pytest.fixture
def traveller(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser in Seoul."""
    with real_browser.open_context(chromium, timezone_id=SEOUL) as context:
        yield context


def create_job(served: ServedEngine) -> str:
    machine = served.machine(PASS, "nightly")
    sample_jobs.create_schedule(served, "nightly", machine, "cron(30 2 * * ? *)", BERLIN)
    return machine


def choose_zone(page: Page, button: str | re.Pattern[str]) -> None:
    page.locator("#clock summary").click()
    page.get_by_role("button", name=button, exact=isinstance(button, str)).click()


def expect_zone(page: Page, zone: str) -> None:
    expect(page.locator("#clock summary .mono")).to_have_text(zone)


def test_one_switch_changes_the_zone_of_every_page_until_it_is_changed_again(
    served: ServedEngine, traveller: BrowserContext
) -> None:
    machine = create_job(served)
    page = traveller.new_page()
    page.goto(f"{served.url}/jobs/{machine}")
    expect_zone(page, BERLIN)
    expect(page.locator(".facts")).to_contain_text("02:30")
    choose_zone(page, f"Mine: {SEOUL}")
    expect_zone(page, SEOUL)
    expect(page.locator(".facts")).to_contain_text(re.compile("(09|10):30"))
    page.goto(f"{served.url}/calendar")
    expect(page.locator(".day").nth(3)).to_contain_text(re.compile("(09|10):30 nightly"))
    choose_zone(page, "UTC")
    expect_zone(page, "UTC")
    expect(page.locator(".day").nth(3)).to_contain_text(re.compile("0[01]:30 nightly"))
    choose_zone(page, "Schedules’ zone")
    expect_zone(page, BERLIN)
    expect(page.locator(".day").nth(3)).to_contain_text("02:30")


def test_schedules_with_several_zones_are_shown_in_that_of_the_browser(
    served: ServedEngine, traveller: BrowserContext
) -> None:
    machine = create_job(served)
    sample_jobs.create_schedule(served, "noon", machine, "cron(0 12 * * ? *)", NEW_YORK)
    page = traveller.new_page()
    for path in ("/", f"/jobs/{machine}", "/tasks"):
        page.goto(f"{served.url}{path}")
        expect_zone(page, SEOUL)
    page.locator("#clock summary").click()
    expect(page.get_by_role("button", name="Schedules’ zone")).to_be_hidden()


def test_my_zone_moves_with_the_browser(served: ServedEngine, chromium: Browser, traveller: BrowserContext) -> None:
    page = traveller.new_page()
    page.goto(f"{served.url}/tasks")
    expect_zone(page, SEOUL)
    choose_zone(page, f"Mine: {SEOUL}")
    expect_zone(page, SEOUL)
    state = traveller.storage_state()
    with real_browser.open_context(chromium, timezone_id=NEW_YORK, storage_state=state) as elsewhere:
        moved = elsewhere.new_page()
        moved.goto(f"{served.url}/tasks")
        expect_zone(moved, NEW_YORK)


def test_a_page_that_learns_the_zone_of_the_browser_late_keeps_what_the_user_does(
    served: ServedEngine, traveller: BrowserContext
) -> None:
    page = traveller.new_page()
    held: list[Route] = []
    page.route("**/clock", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    page.goto(f"{served.url}/tasks")
    page.locator("#clock summary").click()
    field = page.locator("#clock").get_by_label("Another zone")
    field.fill("Ber")
    while not held:
        page.wait_for_timeout(10)
    held[0].fulfill(response=held[0].fetch())
    page.unroute("**/clock")
    page.wait_for_function("sessionStorage.getItem('mine:')")
    expect(field).to_have_value("Ber")
    page.goto(f"{served.url}/tasks")
    expect_zone(page, SEOUL)


def test_a_page_whose_first_request_fails_still_learns_the_zone_of_the_browser(
    served: ServedEngine, traveller: BrowserContext
) -> None:
    page = traveller.new_page()
    page.route("**/clock", lambda route: route.abort("connectionreset"), times=1)
    page.goto(f"{served.url}/tasks")
    expect_zone(page, SEOUL)


def test_any_zone_can_be_typed_and_a_wrong_one_is_reported_at_its_field(
    served: ServedEngine, traveller: BrowserContext
) -> None:
    page = traveller.new_page()
    page.goto(f"{served.url}/tasks")
    expect_zone(page, SEOUL)
    page.locator("#clock summary").click()
    page.locator("#clock").get_by_label("Another zone").fill("Berlin")
    page.locator("#clock").get_by_label("Another zone").press("Enter")
    field = page.locator("#main").get_by_label("Another zone")
    expect(field).to_be_focused()
    expect(field).to_have_value("Berlin")
    expect(field).to_have_accessible_description(re.compile("no time zone “Berlin”"))
    field.fill(BERLIN)
    field.press("Enter")
    expect(page).to_have_url(f"{served.url}/tasks")
    expect_zone(page, BERLIN)


def test_a_link_shows_the_same_times_to_another_person(served: ServedEngine, chromium: Browser) -> None:
    machine = create_job(served)
    run = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    with real_browser.open_page(chromium) as page:
        page.goto(f"{served.url}/jobs/{machine}?zone={NEW_YORK}")
        expect_zone(page, NEW_YORK)
        page.locator("#clock summary").click()
        link = page.get_by_role("link", name="A link to this page")
        assert str(link.get_attribute("href")).endswith("?zone=America%2FNew_York")
        page.goto(f"{served.url}/runs/{run}?zone={SEOUL}")
        started = page.locator("#summary time").first
        shown = started.inner_text()
        page.evaluate("document.querySelector('#summary time').textContent = ''")
        served.sfn.stop_execution(executionArn=run)
        expect(page.locator("#summary .status")).to_have_text("stopped")
        expect(started).to_have_text(shown)
        page.get_by_role("link", name="Logs").click()
        expect(page.get_by_role("link", name="Logs")).to_have_attribute("aria-current", "page")
        expect_zone(page, SEOUL)
        choose_zone(page, "Schedules’ zone")
        expect_zone(page, BERLIN)


def test_without_scripts_the_zone_is_chosen_and_remembered(served: ServedEngine, chromium: Browser) -> None:
    machine = create_job(served)
    with real_browser.open_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/jobs/{machine}")
        page.locator("#clock summary").click()
        expect(page.get_by_role("button", name="Mine")).to_have_count(0)
        page.locator("#clock").get_by_label("Another zone").fill(SEOUL)
        page.locator("#clock").get_by_role("button", name="Show").click()
        expect_zone(page, SEOUL)
        page.goto(f"{served.url}/calendar")
        expect_zone(page, SEOUL)


def test_a_double_click_starts_one_run(served: ServedEngine, chromium: Browser) -> None:
    machine = served.machine(PASS, "nightly")  # without a schedule, which might be due now
    with real_browser.open_page(chromium) as page:
        page.goto(f"{served.url}/jobs/{machine}")
        page.get_by_role("button", name="Start", exact=True).dblclick()
        page.wait_for_url("**/runs/**")
        expect(page.locator("#summary .status")).to_have_text("succeeded")
        first = page.url
        page.get_by_role("button", name="Run again").dblclick()
        page.wait_for_url(lambda url: url != first)
    assert len(served.sfn.list_executions(stateMachineArn=machine)["executions"]) == 2


def test_the_second_click_of_a_double_click_does_not_press_a_button_of_the_next_page(
    served: ServedEngine, chromium: Browser
) -> None:
    machine = served.machine(PASS, "nightly")
    with real_browser.open_page(chromium) as page:
        page.goto(f"{served.url}/jobs/{machine}")
        button = page.get_by_role("button", name="Start", exact=True)
        expect(button).to_be_visible()
        event = 'new MouseEvent("click", {detail: 2, bubbles: true, cancelable: true})'
        assert button.evaluate(f"(each) => each.dispatchEvent({event})") is False


def test_a_run_that_was_run_again_from_another_tab_leads_to_the_run_that_is_under_way(
    served: ServedEngine, chromium: Browser
) -> None:
    machine = sample_jobs.create_job(served, "endless", "sleep 600")
    run = served.start(machine)
    served.sfn.stop_execution(executionArn=run)
    with real_browser.open_page(chromium) as page:
        tabs = [page, page.context.new_page()]
        for each in tabs:
            each.goto(f"{served.url}/runs/{run}")
            expect(each.get_by_role("button", name="Run again")).to_be_visible()
        for each in tabs:
            each.get_by_role("button", name="Run again").click()
            each.wait_for_url(f"**/runs/{run}--again-1")
            expect(each.get_by_role("button", name="Stop")).to_be_visible()
            expect(each.get_by_role("button", name="Run again")).to_have_count(0)
        page.get_by_role("link", name="the run of").click()
        page.wait_for_url(f"**/runs/{run}")
        expect(page.get_by_role("link", name="since")).to_be_visible()
    assert len(served.sfn.list_executions(stateMachineArn=machine)["executions"]) == 2
