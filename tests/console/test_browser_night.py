"""The night in a real browser with a real engine: what failed, why, and start it again with three clicks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from lamplighter.base.json_text import Json
from lamplighter.console.pages.night import PAGE_SIZE
from tests.console import real_browser, sample_jobs
from tests.console.real_browser import Scheme
from tests.console.test_browser_pages import find_overflow, find_problems
from tests.console.test_browser_streams import TABS, expect_run_status
from tests.morning_zone import find_morning_zone
from tests.served_engine import ServedEngine

TEN = 10
PHONE, SCREEN = 390, 1280
BROKEN = "echo reading; if ! test -e '{mended}'; then echo 'no such table: orders' >&2; exit 4; fi; echo done"
"""A command that fails until somebody has mended what was wrong."""
FAIL_OR_PASS: Json = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Bad"}],
            "Default": "Good",
        },
        "Bad": {"Type": "Fail"},
        "Good": {"Type": "Succeed"},
    },
}
COUNT_CLICKS = """
document.addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);
"""
"""Counts what the mouse clicks, also over several pages."""


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    """A file; as soon as it exists, broken jobs succeed."""
    return tmp_path / "mended"


def create_broken_job(served: ServedEngine, name: str, mended: Path) -> str:
    """Create a job that fails until it is mended; its schedule has a zone in which it is morning."""
    machine = sample_jobs.create_job(served, name, BROKEN.format(mended=mended))
    sample_jobs.create_schedule(served, name, machine, "cron(0 3 * * ? *)", find_morning_zone())
    return machine


def fail_jobs(served: ServedEngine, number: int, mended: Path) -> list[str]:
    """Let jobs fail once each, and return their machines."""
    machines = [create_broken_job(served, f"import-{at:02}", mended) for at in range(number)]
    for run in [served.start(each, {"day": at}) for at, each in enumerate(machines)]:
        assert served.ended(run)["status"] == "FAILED"
    return machines


def list_inputs(served: ServedEngine, machine: str) -> list[str]:
    """Return the inputs of all runs of a machine."""
    runs = served.sfn.list_executions(stateMachineArn=machine)["executions"]
    return [served.sfn.describe_execution(executionArn=each["executionArn"])["input"] for each in runs]


def expect_count(page: Page, status: str, number: int) -> None:
    expect(page.locator(f".counts [data-night={status}] b")).to_have_text(str(number))


def tick(page: Page, job: str) -> None:
    page.get_by_role("checkbox", name=f"Tick {job},").check()


def expect_lamp(page: Page, lamp: str) -> None:
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile(lamp))


@pytest.mark.parametrize(("scheme", "width"), [("light", SCREEN), ("dark", PHONE)])
def test_three_clicks_start_ten_failed_jobs_again_and_they_recover(
    served: ServedEngine, chromium: Browser, mended: Path, scheme: Scheme, width: int
) -> None:
    machines = fail_jobs(served, TEN, mended)
    mended.touch()
    with real_browser.open_page(chromium, scheme, width, 844) as page:
        page.add_init_script(COUNT_CLICKS)
        page.goto(served.url)
        expect_count(page, "failed", TEN)
        page.get_by_role("button", name="Tick all that failed").click()
        page.get_by_role("button", name="Run again").click()
        page.get_by_role("button", name="Run 10 again").click()
        expect(page.get_by_role("heading")).to_have_text("10 done")
        assert page.evaluate("sessionStorage.clicks") == "3"
        assert page.locator("progress").evaluate("each => each.value === each.max")
        results = page.locator(".results li[data-done=yes]")
        expect(results).to_have_count(TEN)
        for at in range(TEN):
            expect(results.nth(at)).to_contain_text(re.compile(r"import-\d\d, .* started again"))
        page.get_by_role("link", name="Back to the night").click()
        expect_count(page, "recovered", TEN)
        expect(page.locator(".counts [data-night=failed]")).to_have_count(0)
    assert [list_inputs(served, each) for each in machines] == [[f'{{"day": {at}}}'] * 2 for at in range(TEN)]


def test_an_acknowledged_failure_leaves_the_count_and_the_tab_follows_without_a_reload(
    served: ServedEngine, page: Page, mended: Path
) -> None:
    fail_jobs(served, 1, mended)
    other = page.context.new_page()
    for each in (page, other):
        each.goto(served.url)
        each.evaluate("window.unchanged = true")
        expect(each).to_have_title("1 failed: the night · lamplighter")
        expect_lamp(each, "lamp-failed")
    tick(page, "import-00")
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_label("Note").fill("fixed by <4711>")
    page.get_by_role("button", name="Acknowledge 1").click()
    expect(page.locator(".results")).to_contain_text("acknowledged")
    expect(other).to_have_title("all well: the night · lamplighter")
    expect_lamp(other, "lamp-succeeded")
    expect_count(other, "acknowledged", 1)
    expect(other.locator(".counts [data-night=failed]")).to_have_count(0)
    expect(other.locator("tr[data-night=acknowledged]")).to_contain_text("“fixed by <4711>” acknowledged")
    assert other.evaluate("window.unchanged"), "the page was loaded again"


def test_a_new_failure_appears_on_the_open_page_and_ticked_rows_stay_ticked(
    served: ServedEngine, page: Page, mended: Path
) -> None:
    fail_jobs(served, 2, mended)
    page.goto(served.url)
    page.evaluate("window.unchanged = true")
    tick(page, "import-01")
    served.start(create_broken_job(served, "export", mended))
    expect(page.locator("tr[data-night=failed]")).to_have_count(3)
    expect(page.locator("tr[data-night=failed]").first).to_contain_text("export")
    expect(page.locator("#runs input:checked")).to_have_count(1)
    expect(page.get_by_role("checkbox", name="Tick import-01,")).to_be_checked()
    expect(page.locator("[data-ticked-count]")).to_have_text("1 ticked")
    expect(page).to_have_title("3 failed: the night · lamplighter")
    assert page.evaluate("window.unchanged"), "the page was loaded again"


def test_the_exit_code_and_the_last_line_of_the_log_lead_to_the_log(
    served: ServedEngine, page: Page, mended: Path
) -> None:
    fail_jobs(served, 1, mended)
    page.goto(served.url)
    row = page.locator("tr[data-night=failed]")
    expect(row).to_contain_text("exit code 4")
    row.get_by_role("link", name="no such table: orders").click()
    page.wait_for_url("**/logs?attempt=*")
    expect(page.locator("#log")).to_contain_text("no such table: orders")
    expect(page.locator("#log")).to_contain_text("reading")


def test_a_redrive_leaves_out_the_runs_that_cannot_go_on_with_the_reasons(
    served: ServedEngine, page: Page, mended: Path
) -> None:
    (machine,) = fail_jobs(served, 1, mended)
    failing = served.machine({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sales.Missing"}}}, "hopeless")
    served.ended(served.start(failing))
    served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    mended.touch()
    page.goto(served.url)
    for each in ("import-00", "hopeless", "endless"):
        tick(page, each)
    page.get_by_role("button", name="Redrive").click()
    expect(page.get_by_role("heading", name="Redrive 1 run?")).to_be_visible()
    expect(page.locator("#actions")).to_contain_text("2 runs left out:")
    for name, reason in {"hopeless": "can only fail again", "endless": "running"}.items():
        expect(page.locator(".results li:not([data-run])", has_text=name)).to_contain_text(reason)
    page.get_by_role("button", name="Redrive 1").click()
    expect(page.locator(".bar-words")).to_have_text("1 done")
    page.get_by_role("link", name="Back to the night").click()
    expect(page.locator("tr[data-night=recovered]")).to_contain_text("succeeded after 1 redrive")
    assert len(served.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1


def kill_at(served: ServedEngine, number: int) -> Callable[[Route], None]:
    """Return a handler of requests that kills the engine after it has carried out one, before its answer arrives."""
    requests: list[str] = []

    def handle(route: Route) -> None:
        requests.append(route.request.url)
        if len(requests) == number:
            route.fetch()
            served.kill()
            route.abort("connectionreset")
        else:
            route.continue_()

    return handle


@pytest.mark.parametrize("scripts", [True, False])
def test_one_press_ticks_what_failed_on_all_pages(served: ServedEngine, chromium: Browser, *, scripts: bool) -> None:
    failing = served.machine({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sales.Missing"}}}, "job")
    number = 2 * PAGE_SIZE + 12
    for run in [served.start(failing, {"day": day}) for day in range(number)]:
        served.ended(run)
    with real_browser.open_context(chromium, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?status=failed")
        if scripts:
            page.get_by_role("button", name="Tick all that failed").click()
            expect(page.locator("[data-ticked-count]")).to_have_text(f"{PAGE_SIZE} ticked")
        expect(page.locator(".bulk")).to_contain_text(f"{PAGE_SIZE} of {number} on this page; tick all {number}")
        page.get_by_role("link", name=f"tick all {number}").click()
        expect(page.locator("#elsewhere summary")).to_have_text(f"{number - PAGE_SIZE} ticked on other pages")
        if scripts:
            expect(page.locator("[data-ticked-count]")).to_have_text(f"{number} ticked")
        page.get_by_role("button", name="Run again").click()
        expect(page.get_by_role("heading", name=f"Run {number} runs again?")).to_be_visible()
        page.get_by_role("button", name=f"Run {number} again").click()
        page.get_by_role("link", name="Back to the night").click(timeout=120_000)
        expect_count(page, "failed", number)
    assert len(list_all(served, failing)) == 2 * number


def list_all(served: ServedEngine, machine: str) -> list[str]:
    pages = served.sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return [each["executionArn"] for page in pages for each in page["executions"]]


def test_an_engine_that_dies_meanwhile_is_reported_and_starts_nothing_twice_afterwards(
    served: ServedEngine, chromium: Browser, mended: Path, own_port: int
) -> None:
    with real_browser.open_page(chromium, strict=False) as page:
        served.kill()
        served.up_on(own_port)
        machines = fail_jobs(served, 5, mended)
        page.goto(served.url)
        page.get_by_role("button", name="Tick all that failed").click()
        page.get_by_role("button", name="Run again").click()
        page.route("**/night/act*", kill_at(served, 3))
        page.get_by_role("button", name="Run 5 again").click()
        expect(page.locator(".bar-words")).to_have_text("2 of 5 done, 3 not")
        expect(page.locator(".results li[data-done=yes]")).to_have_count(2)
        expect(page.locator(".results li:not([data-done])")).to_contain_text(["The engine did not answer."] * 3)
        page.unroute("**/night/act*")
        served.up_on(own_port)
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator(".results li[data-done=yes]")).to_have_count(2)
        page.get_by_role("button", name="Try 3 again").click()
        expect(page.locator(".bar-words")).to_have_text("5 done")
        assert [len(list_inputs(served, each)) for each in machines] == [2] * 5


def test_without_scripts_failures_are_acknowledged_and_started_again(
    served: ServedEngine, chromium: Browser, mended: Path
) -> None:
    machines = fail_jobs(served, 3, mended)
    mended.touch()
    with real_browser.open_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(served.url)
        expect(page.get_by_role("button", name="Tick all that failed")).to_be_hidden()
        tick(page, "import-00")
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_label("Note").fill("fixed by 4711")
        page.get_by_role("button", name="Acknowledge 1").click()
        expect(page.get_by_role("heading")).to_have_text("1 of 1 done")
        page.get_by_role("link", name="Back to the night").click()
        expect_count(page, "failed", 2)
        for at in (1, 2):
            tick(page, f"import-0{at}")
        page.get_by_role("button", name="Run again").click()
        expect(page.get_by_role("heading")).to_have_text("Run 2 runs again?")
        page.get_by_role("button", name="Run 2 again").click()
        expect(page.get_by_role("heading")).to_have_text("2 of 2 done")
        expect(page.get_by_role("link", name="started again")).to_have_count(2)
        for each in machines[1:]:
            for run in served.sfn.list_executions(stateMachineArn=each)["executions"]:
                served.ended(run["executionArn"])
        page.get_by_role("link", name="Back to the night").click()
        expect_count(page, "recovered", 2)
        expect_count(page, "acknowledged", 1)


def test_back_leads_from_a_question_to_the_night_with_its_ticks_and_then_to_the_page_before(
    served: ServedEngine, page: Page, mended: Path
) -> None:
    fail_jobs(served, 2, mended)
    page.goto(f"{served.url}/jobs")
    page.get_by_role("link", name="Night").click()
    tick(page, "import-01")
    page.get_by_role("button", name="Run again").click()
    expect(page.locator("#actions")).to_be_visible()
    page.go_back()
    expect(page.locator("#runs")).to_be_visible()
    expect(page.locator("[data-ticked-count]")).to_have_text("1 ticked")
    page.go_forward()
    expect(page.locator("#actions")).to_be_visible()
    page.go_back()
    expect(page.locator("#runs")).to_be_visible()
    page.go_back()
    expect(page.locator("#jobs")).to_be_visible()


def test_one_form_has_all_filters_and_keeps_what_was_typed(served: ServedEngine, page: Page, mended: Path) -> None:
    fail_jobs(served, 2, mended)
    page.goto(f"{served.url}/?status=failed")
    page.get_by_text("Filter, sort, other times").click()
    page.get_by_label("Since").fill("17:00")
    page.get_by_label("Job", exact=True).fill("import-01")
    page.get_by_label("Sort by").select_option("newest")
    page.wait_for_url("**since=17**")
    expect(page.get_by_label("Since")).to_have_value("17:00")
    expect(page.get_by_label("Job", exact=True)).to_have_value("import-01")
    expect(page.locator("#runs tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Tick the failed one")).to_be_visible()


def test_a_printed_page_has_no_navigation_and_nothing_to_press(served: ServedEngine, page: Page, mended: Path) -> None:
    fail_jobs(served, 1, mended)
    page.goto(served.url)
    page.emulate_media(media="print")
    expect(page.locator("#runs")).to_be_visible()
    expect(page.locator("header.top, footer, nav, button, .button, input").locator("visible=true")).to_have_count(1)


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_the_night_and_the_pages_of_its_actions_fit_their_screens_and_axe_finds_nothing(
    served: ServedEngine, chromium: Browser, mended: Path, scheme: Scheme, width: int
) -> None:
    found: list[str] = []
    with real_browser.open_page(chromium, scheme, width, 844) as page:

        def examine(what: str) -> None:
            found.extend(f"{what}: {each}" for each in (*find_overflow(page, width), *find_problems(page)))

        page.goto(served.url)
        examine("an empty night")
        fail_jobs(served, 2, mended)
        served.start(sample_jobs.create_job(served, "n" * 80, f"echo {'x' * 300}; sleep 600"), {}, "r" * 80)
        machine = served.machine(FAIL_OR_PASS, "mended")
        for fail in (True, False):
            served.ended(served.start(machine, {"fail": fail}))
        page.goto(f"{served.url}/?sort=job&job=")
        expect(page.get_by_role("link", name="a later run")).to_be_visible()
        examine("the night")
        for action in ("Acknowledge", "Run again"):
            page.goto(served.url)
            tick(page, "import-00")
            tick(page, "n" * 80)
            page.get_by_role("button", name=action).click()
            page.wait_for_selector("#actions")
            examine(f"the question of {action}")
            page.get_by_role("button", name=f"{action.split()[0]} 1").click()
            expect(page.locator(".bar-words")).to_have_text("1 done")
            examine(f"the bar of {action}")
    assert not found, "\n".join(found)


def test_twenty_tabs_of_nights_and_runs_stay_alive(served: ServedEngine, page: Page, mended: Path) -> None:
    machine = sample_jobs.create_job(served, "endless", "sleep 600")
    sample_jobs.create_schedule(served, "endless", machine, "cron(0 3 * * ? *)", find_morning_zone())
    runs = [served.start(machine) for _ in range(TEN)]
    paths = [path for run in runs for path in ("/", f"/runs/{run}")]
    tabs = [page, *(page.context.new_page() for _ in paths[1:])]
    assert len(tabs) > 2 * TABS
    for tab, path in zip(tabs, paths, strict=True):
        tab.goto(served.url + path)
        expect(tab.locator("h1")).to_be_visible()
    for run in runs:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs[1::2]:
        expect_run_status(tab, "stopped")
    for tab in tabs[::2]:
        expect_count(tab, "stopped", TEN)
