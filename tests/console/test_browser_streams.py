"""Many tabs at once, and an engine that dies, in a real browser over a real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.console import real_browser, sample_jobs
from tests.console.test_browser import stop
from tests.served_engine import ServedEngine, eventually

TABS = 8
"""More than the six connections that a browser opens to a host."""
WITHOUT_WORKERS = "delete window.SharedWorker"
NO_SCRIPT = """
const Real = window.SharedWorker;
window.died = true;
window.SharedWorker = class extends Real {
  constructor(url, options) { super(window.died ? "/static/none.js" : url, options); }
};
"""
"""The script of the connection does not come, as from an engine that died when it had given the page."""
SILENT = """
window.SharedWorker = class { port = { postMessage() {}, close() {} } };
"""
"""A worker that never begins, without an error: Chromium has had some whose script did not come."""
HIDDEN = """
Object.defineProperty(document, "visibilityState", { get: () => window.seen ? "visible" : "hidden" })
"""
"""A tab that was opened in the background: a browser without windows has none."""
AN_HOUR_LATER = """
each => new Promise((done) => {
  const now = Date.now;
  Date.now = () => now() + 3600000;
  const told = () => { Date.now = now; done(each.innerText); };
  new MutationObserver(told).observe(each, { childList: true });
})
"""
"""What a length that grows says when it is told the next time, an hour later."""
SEE = """() => { window.seen = true; document.dispatchEvent(new Event("visibilitychange")) }"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    engine.ecs.create_cluster(clusterName="default")
    yield engine
    engine.close()


def status(page: Page, words: str) -> None:
    expect(page.locator("#summary .status")).to_have_text(words, timeout=real_browser.PATIENCE)


def endless(served: ServedEngine, name: str = "endless") -> str:
    return served.start(sample_jobs.job(served, name, "sleep 600"))


def test_eight_tabs_of_running_runs_leave_room_for_a_ninth_page_and_all_hear_of_their_runs(
    served: ServedEngine, page: Page
) -> None:
    machine = sample_jobs.job(served, "endless", "sleep 600")
    runs = [served.start(machine) for _ in range(TABS)]
    tabs = [page, *(page.context.new_page() for _ in runs[1:])]
    for tab, run in zip(tabs, runs, strict=True):
        tab.goto(f"{served.url}/runs/{run}")
        status(tab, "running")
    ninth = page.context.new_page()
    ninth.goto(served.url)
    expect(ninth.locator("h1")).to_have_text("Jobs")
    for run in runs[:4]:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs[:4]:
        status(tab, "aborted")
    page.close()
    tabs[4].close()
    for run in runs[5:]:
        served.sfn.stop_execution(executionArn=run)
    for tab in tabs[5:]:
        status(tab, "aborted")


@pytest.mark.parametrize(
    "script", [WITHOUT_WORKERS, NO_SCRIPT, SILENT], ids=["none", "none that knows modules", "one that never begins"]
)
def test_a_browser_without_shared_workers_follows_a_run_all_the_same(
    served: ServedEngine, chromium: Browser, script: str
) -> None:
    with real_browser.page_of(chromium, strict=False) as page:
        page.add_init_script(script)
        run = endless(served)
        page.goto(f"{served.url}/runs/{run}")
        status(page, "running")
        served.sfn.stop_execution(executionArn=run)
        status(page, "aborted")


def test_a_tab_that_was_opened_in_the_background_follows_nothing_until_it_is_seen(
    served: ServedEngine, page: Page
) -> None:
    page.add_init_script(WITHOUT_WORKERS)
    page.add_init_script(HIDDEN)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    run = endless(served)
    page.goto(f"{served.url}/runs/{run}")
    status(page, "running")
    served.sfn.stop_execution(executionArn=run)
    page.wait_for_load_state("networkidle")
    assert [each for each in asked if "/streams" in each] == []
    status(page, "running")
    page.evaluate(SEE)
    status(page, "aborted")


def test_a_log_goes_on_after_its_last_line_when_another_tab_joins(
    served: ServedEngine, page: Page, tmp_path: Path
) -> None:
    command = f"echo one; while ! test -e '{tmp_path}/on'; do sleep 0.1; done; echo two; sleep 600"
    run = served.start(sample_jobs.job(served, "chatty", command))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(run)])
    page.goto(f"{served.url}/runs/{run}/logs")
    lines = page.locator("#log .l")
    expect(lines).to_have_count(1)
    other = page.context.new_page()
    other.goto(f"{served.url}/runs/{run}")
    status(other, "running")
    (tmp_path / "on").touch()
    expect(lines).to_have_count(2)
    third = page.context.new_page()
    third.goto(f"{served.url}/runs/{run}")
    status(third, "running")
    served.sfn.stop_execution(executionArn=run)
    status(third, "aborted")
    expect(lines).to_have_count(2)


@pytest.mark.parametrize("workers", [True, False])
def test_a_dead_engine_is_told_on_every_page_and_the_pages_go_on_when_it_is_back(
    served: ServedEngine, chromium: Browser, own_port: int, *, workers: bool
) -> None:
    run = endless(served)
    machine = run.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    paths = [f"/runs/{run}", "/", "/calendar", f"/jobs/{machine}/start"]
    with real_browser.page_of(chromium, strict=False) as first:
        served.kill()
        served.up_on(own_port)
        tabs = [first, *(first.context.new_page() for _ in paths[1:])]
        for tab, path in zip(tabs, paths, strict=True):
            if not workers:
                tab.add_init_script(WITHOUT_WORKERS)
            tab.goto(served.url + path)
            expect(tab.locator("h1")).to_be_visible()
        status(first, "running")
        tabs[3].get_by_label("Name").fill("half-typed")
        for tab in tabs:
            heard(tab)
        served.kill()
        for tab in tabs:
            expect(tab.locator("#lost")).to_contain_text("The engine has not answered since")
            expect(tab.locator("#lost")).to_contain_text("This page may be out of date.")
        counted = first.locator("[data-since]")
        still = counted.evaluate(AN_HOUR_LATER)
        first.get_by_role("button", name="Stop").click()
        expect(first.locator("#refused")).to_contain_text("nothing was sent")
        status(first, "running")
        assert counted.evaluate(AN_HOUR_LATER) == still
        served.up_on(own_port)
        served.sfn.stop_execution(executionArn=run)
        for tab in tabs:
            expect(tab.locator("#lost")).to_be_hidden(timeout=real_browser.PATIENCE)
        status(first, "aborted")
        expect(tabs[1].locator("#jobs")).to_contain_text("aborted", timeout=real_browser.PATIENCE)
        expect(tabs[3].get_by_label("Name")).to_have_value("half-typed")


def heard(page: Page) -> None:
    """Wait until a page is connected: it knows then when it is not any more."""
    expect(page.locator("body[data-connected]")).to_be_attached(timeout=real_browser.PATIENCE)


@pytest.mark.parametrize("workers", [True, False])
def test_a_page_whose_engine_died_before_it_gave_the_script_of_the_connection_says_so_and_goes_on(
    served: ServedEngine, chromium: Browser, *, workers: bool
) -> None:
    run = endless(served)
    with real_browser.page_of(chromium, strict=False) as page:
        page.add_init_script(NO_SCRIPT if workers else WITHOUT_WORKERS)
        page.route("**/stream.js?*", lambda route: route.abort("connectionrefused"))
        page.goto(f"{served.url}/runs/{run}")
        status(page, "running")
        expect(page.locator("#lost")).to_contain_text("The engine has not answered since")
        page.unroute("**/stream.js?*")
        page.evaluate("window.died = false")
        expect(page.locator("#lost")).to_be_hidden(timeout=real_browser.PATIENCE)
        served.sfn.stop_execution(executionArn=run)
        status(page, "aborted")


def test_a_page_whose_engine_stands_still_before_it_gave_the_script_of_the_connection_says_so_and_goes_on(
    served: ServedEngine, chromium: Browser
) -> None:
    run = endless(served)
    with real_browser.page_of(chromium, strict=False) as page:
        page.add_init_script(WITHOUT_WORKERS)
        page.route("**/stream.js?*", lambda _: None)
        page.goto(f"{served.url}/runs/{run}")
        expect(page.locator("#lost")).to_contain_text("The engine has not answered since")
        page.unroute("**/stream.js?*")
        expect(page.locator("#lost")).to_be_hidden(timeout=real_browser.PATIENCE)
        served.sfn.stop_execution(executionArn=run)
        status(page, "aborted")


def test_tabs_whose_shared_worker_ended_share_another(served: ServedEngine, chromium: Browser) -> None:
    run = endless(served)
    with real_browser.page_of(chromium) as first:
        tabs = [first, first.context.new_page()]
        for tab in tabs:
            tab.goto(f"{served.url}/runs/{run}")
            heard(tab)
        browser = chromium.new_browser_cdp_session()
        (ended,) = shared_workers(browser, served)
        browser.send("Target.closeTarget", {"targetId": ended})
        served.sfn.stop_execution(executionArn=run)
        for tab in tabs:
            status(tab, "aborted")
        (other,) = shared_workers(browser, served)
        assert other != ended
        browser.detach()


def shared_workers(browser: CDPSession, served: ServedEngine) -> list[str]:
    """The shared workers whose script is this engine's, as Chromium's developer tools name them."""
    targets = browser.send("Target.getTargets", {"filter": [{"type": "shared_worker"}]})["targetInfos"]
    return [each["targetId"] for each in targets if each["url"].startswith(served.url)]


def test_a_button_whose_engine_died_as_it_was_pressed_says_so_in_place(served: ServedEngine, chromium: Browser) -> None:
    run = endless(served)
    with real_browser.page_of(chromium, strict=False) as page:
        page.route("**/stop", lambda route: route.abort("connectionrefused"))
        page.goto(f"{served.url}/runs/{run}")
        stop(page)
        expect(page.locator("#refused")).to_contain_text(
            "The engine did not answer. Check whether the action took effect"
        )
        page.unroute("**/stop")
        stop(page)
        status(page, "aborted")


def test_what_is_refused_is_told_on_the_page_and_loses_no_form(served: ServedEngine, chromium: Browser) -> None:
    machine = sample_jobs.job(served, "endless", "sleep 600")
    served.start(machine, {}, "taken")
    with real_browser.page_of(chromium, strict=False) as page:
        page.goto(f"{served.url}/jobs/{machine}/start")
        page.get_by_label("Input").fill('{"day": 7}')
        page.get_by_label("Name").fill("taken")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#refused")).to_contain_text("ExecutionAlreadyExists")
        expect(page.get_by_label("Input")).to_have_value('{"day": 7}')
        page.get_by_label("Name").fill("free")
        page.get_by_role("button", name="Start").click()
        status(page, "running")
        assert page.url.endswith(":free")


def test_buttons_work_without_scripts(served: ServedEngine, chromium: Browser) -> None:
    run = endless(served)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/runs/{run}")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#summary .status")).to_have_text("aborted")
    context.close()
