"""The view of a log in a real browser, with a real engine."""

import re
import time
from collections.abc import Sequence
from typing import get_args

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console import real_browser, sample_jobs
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine, eventually

MILLION = 1_000_000
VISIBLE = """each => {
  const inner = each.getBoundingClientRect(), outer = each.closest("#log").getBoundingClientRect();
  return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}"""
IN_THE_MIDDLE = """each => {
  const inner = each.getBoundingClientRect(), outer = each.closest("#log").getBoundingClientRect();
  return Math.abs(inner.top - outer.top - outer.height / 2) < outer.height / 4;
}"""


@pytest.fixture
def ended(served: ServedEngine) -> str:
    """A run that has ended and wrote nothing, so that a test adds the lines."""
    run = served.start(sample_jobs.create_job(served, "nightly", "true"), name="2026-11-25")
    served.ended(run)
    return run


@pytest.fixture
def running(served: ServedEngine) -> str:
    """A run whose container runs and wrote nothing."""
    run = served.start(sample_jobs.create_job(served, "nightly", "sleep 600"))
    eventually(lambda: sample_jobs.is_task_running(served))
    return run


def put_lines(served: ServedEngine, lines: Sequence[str]) -> None:
    """Add lines to the only log."""
    logs = served.client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=sample_jobs.GROUP)["logStreams"]
    names = {"logGroupName": sample_jobs.GROUP, "logStreamName": stream["logStreamName"]}
    for at in range(0, len(lines), 4_000):
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": each} for each in lines[at : at + 4_000]]
        logs.put_log_events(**names, logEvents=events)


def open_log(page: Page, served: ServedEngine, run: str, query: str = "") -> Locator:
    """Open the log of a run and wait until its script has run."""
    page.goto(f"{served.url}/runs/{run}/logs{query}")
    expect(page.locator("[data-log][data-ready]")).to_be_attached()
    return page.locator("#log")


def expect_visible(line: Locator, where: str = VISIBLE) -> None:
    """Wait until a line is visible within the log, which scrolls."""
    expect(line).to_be_attached()
    eventually(lambda: line.evaluate(where))


def edge_id(log: Locator, edge: int) -> str | None:
    """Return the id of the first line in the page (0) or of the last one (-1)."""
    return log.locator(".l").nth(edge).get_attribute("id")


def numbers(count: int) -> list[str]:
    return [f"line {number}" for number in range(1, count + 1)]


def test_a_log_of_a_million_lines_is_read_everywhere_and_few_lines_are_in_the_page(
    served: ServedEngine, page: Page, ended: str
) -> None:
    put_lines(served, [f"row {number}{' ERROR' if number % 100_000 == 7 else ''}" for number in range(1, MILLION + 1)])
    log = open_log(page, served, ended)
    expect_visible(page.locator("#L1000000"))
    expect(page.get_by_text("1,000,000 lines")).to_be_visible()
    log.focus()
    page.keyboard.press("Home")
    expect_visible(page.locator("#L1"))
    for number in range(301, 4_000, 300):  # further parts are loaded at the end, and early ones are removed
        log.evaluate("each => { each.scrollTop = each.scrollHeight; }")
        expect(page.locator(f"#L{number}")).to_be_attached()
    expect(page.locator("#L1")).to_have_count(0)
    assert page.locator("#log .l").count() < 3500
    page.keyboard.press("End")
    expect_visible(page.locator("#L1000000"))
    open_log(page, served, ended, "?line=500000")
    expect(page.locator("#L500000.marked")).to_contain_text("row 500000")
    expect_visible(page.locator("#L500000"), IN_THE_MIDDLE)
    log = open_log(page, served, ended, "?find=error")
    expect(page.locator(".count")).to_have_text("10 matches")
    expect(log.locator(".match mark")).to_have_count(10)


def test_lines_do_not_move_when_others_are_loaded_above_and_below(served: ServedEngine, page: Page, ended: str) -> None:
    put_lines(served, [f"{each} {'x' * (at * 37 % 400)}" for at, each in enumerate(numbers(9_000))])
    log = open_log(page, served, ended, "?line=4000")
    for edge in (0, -1):
        for _ in range(12):  # so that far parts are removed, too
            before = edge_id(log, edge)
            top = log.evaluate(
                f"""async each => {{
                  each.scrollTop = {edge} === 0 ? 600 : each.scrollHeight - each.clientHeight - 600;
                  const box = each.getBoundingClientRect();
                  window.line = document.elementFromPoint(box.left + 400, box.top + 300).closest(".l");
                  return window.line.getBoundingClientRect().top;
                }}"""
            )
            eventually(lambda: edge_id(log, edge) != before)  # noqa: B023 - called at once
            assert abs(page.evaluate("window.line.getBoundingClientRect().top") - top) < 2


def test_a_log_is_followed_while_the_reader_is_at_its_end(served: ServedEngine, page: Page, running: str) -> None:
    put_lines(served, numbers(500))
    log = open_log(page, served, running)
    follow, status = page.get_by_role("button", name="Follow"), page.locator(".state")
    expect(status).to_have_text("live")
    expect(follow).to_be_hidden()
    put_lines(served, ["the newest line"])
    expect_visible(page.locator("#L501"))
    log.evaluate("each => { each.scrollTop = 2000; }")
    expect(follow).to_be_visible()
    expect(status).to_have_text("live, not followed")
    put_lines(served, ["a line that nobody sees yet"])
    expect(page.locator("#L502")).to_be_attached()
    assert log.evaluate("each => each.scrollTop") == 2000
    follow.click()
    expect_visible(page.locator("#L502"))
    put_lines(served, numbers(6_000))
    expect_visible(page.locator("#L6502"))
    assert log.locator(".l").count() < 3500
    served.sfn.stop_execution(executionArn=running)
    expect(status).to_have_text("Complete")
    expect(follow).to_be_hidden()


def test_a_reader_far_from_the_end_is_not_flooded_and_finds_all_lines_later(
    served: ServedEngine, page: Page, running: str
) -> None:
    put_lines(served, numbers(500))
    log = open_log(page, served, running)
    expect(page.locator(".state")).to_have_text("live")
    log.evaluate("each => { each.scrollTop = 0; }")
    expect(page.locator("#L1")).to_be_attached()
    put_lines(served, numbers(20_000))
    eventually(lambda: log.evaluate("each => each.lastElementChild.dataset.later !== ''"))
    assert log.locator(".l").count() < 6_000
    page.get_by_role("button", name="Follow").click()
    expect_visible(page.locator("#L20500"))
    put_lines(served, ["the newest line"])
    expect_visible(page.locator("#L20501"))


def test_new_lines_do_not_follow_the_first_lines_when_the_reader_scrolls_while_these_load(
    served: ServedEngine, page: Page, running: str
) -> None:
    put_lines(served, numbers(3_000))
    log = open_log(page, served, running)
    expect(page.locator(".state")).to_have_text("live")
    page.evaluate("""() => {
      const post = MessagePort.prototype.postMessage;
      MessagePort.prototype.postMessage = function (paths) {
        window.followsLog = paths?.some(path => path.includes("/live?"));
        post.call(this, paths);
      };
    }""")
    held = real_browser.hold_requests(page, re.compile("at=first"))
    log.focus()
    page.keyboard.press("Home")
    eventually(lambda: page.evaluate("() => true") and held)
    log.evaluate("each => { each.dispatchEvent(new Event('scroll')); }")
    assert page.evaluate("() => window.followsLog") is False
    held[0].continue_()
    expect_visible(page.locator("#L1"))
    assert page.evaluate("() => window.followsLog") is False


def test_a_search_goes_on_while_the_log_is_followed(served: ServedEngine, page: Page, running: str) -> None:
    put_lines(served, ["an Error", *numbers(400), "another ERROR"])
    log = open_log(page, served, running, "?find=error&context=2")
    expect(page.locator(".count")).to_have_text("2 matches")
    expect(log.locator(".gap")).to_have_count(1)
    put_lines(served, [*numbers(5), "no error at all", *numbers(5)])
    expect(page.locator(".count")).to_have_text("3 matches")
    expect(log.locator(".match mark")).to_have_text(["Error", "ERROR", "error"])
    expect(log.locator(".l")).to_have_count(3 + 5 + 5)
    put_lines(served, ["ERROR"] * 300)
    expect(page.locator(".count")).to_have_text("303 matches")


def test_the_keyboard_goes_from_match_to_match_over_the_whole_log(served: ServedEngine, page: Page, ended: str) -> None:
    put_lines(served, [f"{each}{' ERROR' if at % 700 == 0 else ''}" for at, each in enumerate(numbers(35_001))])
    log = open_log(page, served, ended, "?find=error&context=20")
    expect(page.locator(".count")).to_have_text("51 matches")
    log.focus()
    page.keyboard.press("Home")
    current = page.locator("#log .current")
    for number in [1 + 700 * at for at in range(51)]:
        page.keyboard.press("n")
        expect(current).to_have_attribute("id", f"L{number}")
    expect_visible(current)
    page.keyboard.press("n")
    expect(page.get_by_role("status")).to_have_text("No later match")
    page.get_by_role("button", name="Previous match").click()
    expect(current).to_have_attribute("id", "L34301")


def test_a_click_on_a_line_number_copies_the_link_that_opens_the_log_there(
    served: ServedEngine, chromium: Browser, ended: str
) -> None:
    put_lines(served, numbers(3_000))
    with real_browser.open_page(chromium) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        open_log(page, served, ended, "?line=1500")
        page.locator("#L1503 .n").click()
        expect(page.get_by_role("status")).to_have_text("Copied the link to the line.")
        expect(page.locator("#log .marked")).to_have_count(1)
        page.locator("#L1505 .n").click(modifiers=["Shift"])
        expect(page.get_by_role("status")).to_have_text("Copied the link to these lines.")
        expect(page.locator("#log .marked")).to_have_count(3)
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == page.url
        assert re.search(r"line=1503\.\.1505#L1503$", link)
        page.goto("about:blank")
        page.goto(link)
        expect(page.locator("#log .marked")).to_have_count(3)
        expect_visible(page.locator("#L1503"), IN_THE_MIDDLE)
        page.goto("about:blank")
        open_log(page, served, ended, "#L77")
        expect(page.locator("#log .marked")).to_have_attribute("id", "L77")
        expect_visible(page.locator("#L77"), IN_THE_MIDDLE)


def test_long_lines_are_wrapped_or_not_as_the_reader_wishes(served: ServedEngine, page: Page, ended: str) -> None:
    put_lines(served, ["x" * 3_000])
    log = open_log(page, served, ended)
    wrap = page.get_by_role("button", name="Wrap lines")
    expect(wrap).to_have_attribute("aria-pressed", "true")
    assert log.evaluate("each => each.scrollWidth <= each.clientWidth")
    wrap.click()
    assert log.evaluate("each => each.scrollWidth > each.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    open_log(page, served, ended)
    expect(wrap).to_have_attribute("aria-pressed", "false")
    assert log.evaluate("each => each.scrollWidth > each.clientWidth")


def test_a_log_is_read_searched_and_linked_without_scripts(served: ServedEngine, chromium: Browser, ended: str) -> None:
    put_lines(served, numbers(1_000))
    with real_browser.open_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/runs/{ended}/logs")
        lines = page.locator("#log .l .m")
        expect(lines.last).to_have_text("line 1000")
        page.get_by_role("link", name="First").click()
        expect(lines.first).to_have_text("line 1")
        page.get_by_role("link", name="Later").click()
        expect(lines.first).to_have_text("line 301")
        page.get_by_role("link", name="Earlier").click()
        expect(lines.last).to_have_text("line 300")
        page.get_by_role("link", name="Last").click()
        expect(lines.last).to_have_text("line 1000")
        page.get_by_role("textbox", name="Line number").fill("500")
        page.get_by_role("button", name="Go").click()
        expect(page.locator("#log .marked .m")).to_have_text("line 500")
        page.locator("main").get_by_role("searchbox").fill("LINE 77")
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".count")).to_have_text("11 matches")
        expect(lines.first).to_have_text("line 77")


def test_the_log_of_a_run_is_downloaded_under_its_name(served: ServedEngine, page: Page, ended: str) -> None:
    put_lines(served, numbers(3))
    open_log(page, served, ended)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "nightly-2026-11-25-Report-1-main.log"
    assert download.value.path().read_text() == "line 1\nline 2\nline 3\n"


def test_the_log_of_a_task_is_followed_on_its_page(served: ServedEngine, page: Page, running: str) -> None:
    (task,) = served.ecs.list_tasks()["taskArns"]
    put_lines(served, numbers(500))
    page.goto(f"{served.url}/tasks/{task}")
    expect_visible(page.locator("#L500"))
    put_lines(served, ["the newest line"])
    expect_visible(page.locator("#L501"))
    page.locator("#log").focus()
    page.keyboard.press("Home")
    expect_visible(page.locator("#L1"))
    served.sfn.stop_execution(executionArn=running)
    page.keyboard.press("End")
    expect(page.locator(".state")).to_have_text("Complete")


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
@pytest.mark.parametrize("width", [390, 1280])
def test_logs_are_accessible_and_no_wider_than_the_screen(
    served: ServedEngine, chromium: Browser, ended: str, scheme: real_browser.Scheme, width: int
) -> None:
    colours = [f"\x1b[{kind}{at}m colour {at} \x1b[0m error" for kind in (3, 4, 9, 10) for at in range(8)]
    put_lines(served, [*numbers(30), "y" * 5_000, *colours, "\x1b[2mdim\x1b[0m \x1b[7mreversed\x1b[0m error"])
    (task,) = served.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]
    with real_browser.open_page(chromium, scheme, width) as page:
        for path in (
            *(f"/runs/{ended}/logs", f"/runs/{ended}/logs?find=error&context=2", f"/runs/{ended}/logs?line=5..7"),
            f"/tasks/{task}",
        ):
            page.goto(served.url + path)
            expect(page.locator("[data-log][data-ready]")).to_be_attached()
            expect(page.locator("body[data-connected]")).to_be_attached()
            assert find_accessibility_problems(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
