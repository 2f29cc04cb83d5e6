"""Many tabs, and an engine that dies, in a real browser with a real engine."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.console import real_browser, sample_jobs
from tests.console.test_browser import stop_run
from tests.morning_zone import find_morning_zone
from tests.served_engine import ServedEngine, eventually

TABS = 8
"""More than the six connections that a browser opens to a host."""
REMOVE_SHARED_WORKER = "delete window.SharedWorker"
SCRIPT_UNAVAILABLE = """
const Real = window.SharedWorker;
window.died = true;
window.SharedWorker = class extends Real {
  constructor(url, options) { super(window.died ? "/static/none.js" : url, options); }
};
"""
"""The connection's script cannot be loaded, as from an engine that died after it had sent the page."""
SILENT_WORKER = """
window.SharedWorker = class { port = { postMessage() {}, close() {} } };
"""
"""A worker that never starts and reports no error, as Chromium does for some scripts that cannot be loaded."""
HIDDEN_TAB = """
Object.defineProperty(document, "visibilityState", { get: () => window.seen ? "visible" : "hidden" })
"""
"""A tab that was opened in the background; a browser without windows has none."""
AN_HOUR_LATER = """
each => new Promise((done) => {
  const now = Date.now;
  Date.now = () => now() + 3600000;
  const changed = () => { Date.now = now; done(each.innerText); };
  new MutationObserver(changed).observe(each, { childList: true });
})
"""
"""Returns the next text of a growing duration, as if an hour had passed."""
SHOW_TAB = """() => { window.seen = true; document.dispatchEvent(new Event("visibilitychange")) }"""


def expect_run_status(page: Page, words: str) -> None:
    expect(page.locator("#summary .status")).to_have_text(words, timeout=real_browser.TIMEOUT_MILLISECONDS)


def start_endless_run(served: ServedEngine, name: str = "endless") -> str:
    return served.start(sample_jobs.create_job(served, name, "sleep 600"))


def test_eight_tabs_of_running_runs_leave_a_connection_for_a_ninth_page_and_all_are_updated(
    served: ServedEngine, page: Page
) -> None:
    machine = sample_jobs.create_job(served, "endless", "sleep 600")
    runs = [served.start(machine) for _ in range(TABS)]
    tabs = [page, *(page.context.new_page() for _ in runs[1:])]
    for tab, run in zip(tabs, runs, strict=True):
        tab.goto(f"{served.url}/runs/{run}")
        expect_run_status(tab, "running")
    ninth = page.context.new_page()
    ninth.goto(served.url)
    expect(ninth.locator("h1")).to_be_visible()
    for run in runs[:4]:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs[:4]:
        expect_run_status(tab, "stopped")
    page.close()
    tabs[4].close()
    for run in runs[5:]:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs[5:]:
        expect_run_status(tab, "stopped")


@pytest.mark.parametrize(
    "script",
    [REMOVE_SHARED_WORKER, SCRIPT_UNAVAILABLE, SILENT_WORKER],
    ids=["none", "no module worker", "one that never starts"],
)
def test_without_shared_workers_a_page_follows_a_run_nevertheless(
    served: ServedEngine, chromium: Browser, script: str
) -> None:
    with real_browser.open_page(chromium, strict=False) as page:
        page.add_init_script(script)
        run = start_endless_run(served)
        page.goto(f"{served.url}/runs/{run}")
        expect_run_status(page, "running")
        served.sfn.stop_execution(executionArn=run)
        expect_run_status(page, "stopped")


def test_a_background_tab_follows_nothing_until_it_is_visible(served: ServedEngine, page: Page) -> None:
    page.add_init_script(REMOVE_SHARED_WORKER)
    page.add_init_script(HIDDEN_TAB)
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    run = start_endless_run(served)
    page.goto(f"{served.url}/runs/{run}")
    expect_run_status(page, "running")
    served.sfn.stop_execution(executionArn=run)
    page.wait_for_load_state("networkidle")
    assert [each for each in urls if "/streams" in each] == []
    expect_run_status(page, "running")
    page.evaluate(SHOW_TAB)
    expect_run_status(page, "stopped")


def test_tabs_in_the_background_show_in_their_titles_how_their_runs_end(served: ServedEngine, page: Page) -> None:
    machine = sample_jobs.create_job(served, "endless", "sleep 600")
    runs = [served.start(machine) for _ in range(TABS)]
    tabs = [page, *(page.context.new_page() for _ in runs[1:])]
    for tab, run, view in zip(tabs, runs, ["", "/logs", "/history"] * TABS, strict=False):
        tab.add_init_script(HIDDEN_TAB)
        tab.goto(f"{served.url}/runs/{run}{view}")
        expect(tab).to_have_title(re.compile("^running: endless"))
    for run in runs:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs:
        expect(tab).to_have_title(re.compile("^stopped: endless"))
        expect(tab.locator("link[rel=icon]")).to_have_attribute("href", re.compile("lamp-stopped"))
        expect(tab.locator(".status").first).to_have_text("running")
    ninth = page.context.new_page()
    ninth.goto(served.url)
    expect(ninth.locator("h1")).to_be_visible()


def test_a_log_continues_after_its_last_line_when_another_tab_opens(
    served: ServedEngine, page: Page, tmp_path: Path
) -> None:
    command = f"echo one; while ! test -e '{tmp_path}/on'; do sleep 0.1; done; echo two; sleep 600"
    run = served.start(sample_jobs.create_job(served, "chatty", command))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(run)])
    page.goto(f"{served.url}/runs/{run}/logs")
    lines = page.locator("#log .l")
    expect(lines).to_have_count(1)
    other = page.context.new_page()
    other.goto(f"{served.url}/runs/{run}")
    expect_run_status(other, "running")
    (tmp_path / "on").touch()
    expect(lines).to_have_count(2)
    third = page.context.new_page()
    third.goto(f"{served.url}/runs/{run}")
    expect_run_status(third, "running")
    served.sfn.stop_execution(executionArn=run)
    expect_run_status(third, "stopped")
    expect(lines).to_have_count(2)


@pytest.mark.parametrize("workers", [True, False])
def test_every_page_reports_a_dead_engine_and_continues_when_it_is_back(
    served: ServedEngine, chromium: Browser, own_port: int, *, workers: bool
) -> None:
    run = start_endless_run(served)
    machine = run.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    sample_jobs.create_schedule(served, "endless", machine, "cron(0 3 * * ? *)", find_morning_zone())
    paths = [f"/runs/{run}", "/jobs", "/calendar", f"/jobs/{machine}/start", "/"]
    with real_browser.open_page(chromium, strict=False) as first:
        served.kill()
        served.up_on(own_port)
        tabs = [first, *(first.context.new_page() for _ in paths[1:])]
        for tab, path in zip(tabs, paths, strict=True):
            if not workers:
                tab.add_init_script(REMOVE_SHARED_WORKER)
            tab.goto(served.url + path)
            expect(tab.locator("h1")).to_be_visible()
        expect_run_status(first, "running")
        tabs[3].get_by_label("Name").fill("half-typed")
        for tab in tabs:
            wait_until_connected(tab)
        served.kill()
        for tab in tabs:
            expect(tab.locator("#lost")).to_contain_text("The engine has not answered since")
            expect(tab.locator("#lost")).to_contain_text("This page may be out of date.")
        counted = first.locator("[data-since]")
        before = counted.evaluate(AN_HOUR_LATER)
        first.get_by_role("button", name="Stop").click()
        expect(first.locator("#refused")).to_contain_text("nothing was sent")
        expect_run_status(first, "running")
        assert counted.evaluate(AN_HOUR_LATER) == before
        served.up_on(own_port)
        served.sfn.stop_execution(executionArn=run)
        for tab in tabs:
            expect(tab.locator("#lost")).to_be_hidden(timeout=real_browser.TIMEOUT_MILLISECONDS)
        expect_run_status(first, "stopped")
        expect(tabs[1].locator("#jobs")).to_contain_text("stopped", timeout=real_browser.TIMEOUT_MILLISECONDS)
        expect(tabs[4].locator("#night")).to_contain_text("1 stopped", timeout=real_browser.TIMEOUT_MILLISECONDS)
        expect(tabs[3].get_by_label("Name")).to_have_value("half-typed")


def wait_until_connected(page: Page) -> None:
    """Wait until a page is connected; from then on, it notices a lost connection."""
    expect(page.locator("body[data-connected]")).to_be_attached(timeout=real_browser.TIMEOUT_MILLISECONDS)


@pytest.mark.parametrize("workers", [True, False])
def test_a_page_whose_engine_died_before_sending_the_connection_s_script_reports_it_and_recovers(
    served: ServedEngine, chromium: Browser, *, workers: bool
) -> None:
    run = start_endless_run(served)
    with real_browser.open_page(chromium, strict=False) as page:
        page.add_init_script(SCRIPT_UNAVAILABLE if workers else REMOVE_SHARED_WORKER)
        page.route("**/stream.js?*", lambda route: route.abort("connectionrefused"))
        page.goto(f"{served.url}/runs/{run}")
        expect_run_status(page, "running")
        expect(page.locator("#lost")).to_contain_text("The engine has not answered since")
        page.unroute("**/stream.js?*")
        page.evaluate("window.died = false")
        expect(page.locator("#lost")).to_be_hidden(timeout=real_browser.TIMEOUT_MILLISECONDS)
        served.sfn.stop_execution(executionArn=run)
        expect_run_status(page, "stopped")


def test_a_page_whose_engine_stalls_before_sending_the_connection_s_script_reports_it_and_recovers(
    served: ServedEngine, chromium: Browser
) -> None:
    run = start_endless_run(served)
    with real_browser.open_page(chromium, strict=False) as page:
        page.add_init_script(REMOVE_SHARED_WORKER)
        page.route("**/stream.js?*", lambda _: None)
        page.goto(f"{served.url}/runs/{run}")
        expect(page.locator("#lost")).to_contain_text("The engine has not answered since")
        page.unroute("**/stream.js?*")
        expect(page.locator("#lost")).to_be_hidden(timeout=real_browser.TIMEOUT_MILLISECONDS)
        served.sfn.stop_execution(executionArn=run)
        expect_run_status(page, "stopped")


def test_tabs_whose_shared_worker_ended_share_another_one(served: ServedEngine, chromium: Browser) -> None:
    run = start_endless_run(served)
    with real_browser.open_page(chromium) as first:
        tabs = [first, first.context.new_page()]
        for tab in tabs:
            tab.goto(f"{served.url}/runs/{run}")
            wait_until_connected(tab)
        browser = chromium.new_browser_cdp_session()
        (ended,) = list_shared_workers(browser, served)
        browser.send("Target.closeTarget", {"targetId": ended})
        # Its thread may still send events for a while: what the tabs show does not tell that they share another one.
        (other,) = eventually(lambda: set(list_shared_workers(browser, served)) - {ended})
        served.sfn.stop_execution(executionArn=run)
        for tab in tabs:
            expect_run_status(tab, "stopped")
        assert list_shared_workers(browser, served) == [other]
        browser.detach()


def list_shared_workers(browser: CDPSession, served: ServedEngine) -> list[str]:
    """Return the ids of the shared workers whose script is this engine's, as Chromium's developer tools name them."""
    targets = browser.send("Target.getTargets", {"filter": [{"type": "shared_worker"}]})["targetInfos"]
    return [each["targetId"] for each in targets if each["url"].startswith(served.url)]


def test_a_button_whose_engine_died_while_it_was_pressed_reports_it_in_place(
    served: ServedEngine, chromium: Browser
) -> None:
    run = start_endless_run(served)
    with real_browser.open_page(chromium, strict=False) as page:
        page.route("**/stop", lambda route: route.abort("connectionrefused"))
        page.goto(f"{served.url}/runs/{run}")
        stop_run(page)
        expect(page.locator("#refused")).to_contain_text(
            "The engine did not answer. Check whether the action took effect"
        )
        page.unroute("**/stop")
        stop_run(page)
        expect_run_status(page, "stopped")


def test_a_refused_form_reports_it_at_the_field_and_keeps_what_was_typed(
    served: ServedEngine, chromium: Browser
) -> None:
    machine = sample_jobs.create_job(served, "endless", "sleep 600")
    served.start(machine, {}, "taken")
    with real_browser.open_page(chromium, strict=False) as page:
        page.goto(f"{served.url}/jobs/{machine}/start")
        page.get_by_label("Input").fill('{"day": 7}')
        page.get_by_label("Name").fill("taken")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("alert")).to_contain_text("already has the name taken")
        expect(page.get_by_label("Name")).to_be_focused()
        expect(page.get_by_label("Name")).to_have_accessible_description(re.compile("Choose another name"))
        expect(page.get_by_label("Input")).to_have_value('{"day": 7}')
        page.get_by_label("Name").fill("free")
        page.get_by_role("button", name="Start").click()
        expect_run_status(page, "running")
        assert page.url.endswith(":free")


def test_buttons_work_without_scripts_and_stop_asks_on_a_page(served: ServedEngine, chromium: Browser) -> None:
    run = start_endless_run(served)
    with real_browser.open_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/runs/{run}")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading")).to_contain_text("Stop endless, run of")
        assert served.sfn.describe_execution(executionArn=run)["status"] == "RUNNING"
        page.get_by_role("button", name="Stop the run").click()
        expect(page.locator("#summary .status")).to_have_text("stopped")
