"""Lists that refresh by themselves, in a real browser with a real engine."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.console import real_browser, sample_jobs
from tests.console.test_browser import find_accessibility_problems
from tests.served_engine import ServedEngine, eventually

COUNT_MORPHS = """() => {
  window.morphs = 0;
  const morph = window.Idiomorph.morph;
  window.Idiomorph.morph = (...given) => { window.morphs += 1; return morph(...given); };
}"""

REFRESH = """() => new Promise((done) => {
  const parse = DOMParser.prototype.parseFromString;
  DOMParser.prototype.parseFromString = function (...given) {
    DOMParser.prototype.parseFromString = parse;
    setTimeout(done); // the page uses the answer in the same task in which it parses it
    return parse.apply(this, given);
  };
  document.querySelector("[data-refresh]").dispatchEvent(new Event("refresh", { bubbles: true }));
})"""


def create_queues(served: ServedEngine, *names: str) -> None:
    for name in names:
        served.client("sqs").create_queue(QueueName=name)


def refresh(page: Page) -> None:
    """Refresh the list now, as the page does every few seconds, and wait until it has used the answer."""
    page.evaluate(REFRESH)


def test_a_new_task_appears_by_itself(served: ServedEngine, page: Page) -> None:
    machine = sample_jobs.create_job(served, "nightly", "exit 3")
    page.goto(f"{served.url}/tasks")
    expect(page.get_by_role("heading", name="No tasks")).to_be_visible()
    page.evaluate("window.unchanged = true")
    served.ended(served.start(machine))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("failed")
    assert page.evaluate("window.unchanged"), "the page was loaded again"
    page.get_by_label("Status").select_option(label="failed (1)")
    page.wait_for_url("**status=FAILED**")
    served.ended(served.start(machine))
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_label("Status")).to_contain_text("failed (2)")


def test_back_shows_the_filters_of_the_page_and_not_those_that_were_chosen_on_it(
    served: ServedEngine, page: Page
) -> None:
    machine = sample_jobs.create_job(served, "nightly", "exit 3")
    run = served.start(machine)
    served.ended(run)
    filters = {
        "/tasks": "status",
        "/?sort=job": "sort",
        f"/jobs/{machine}": "trigger",
        f"/runs/{run}/logs?find=e": "context",
    }
    for path, name in filters.items():
        page.goto(f"{served.url}{path}")
        select = page.locator(f"select[name={name}]")
        before = select.input_value()
        other = next(each for each in select.locator("option").all() if each.get_attribute("value") != before)
        with page.expect_navigation():
            select.select_option(other.get_attribute("value"))
        page.go_back()
        assert select.input_value() == before, path


def test_a_refresh_keeps_the_scroll_position_and_the_focus(served: ServedEngine, page: Page) -> None:
    create_queues(served, *(f"b-{number:02}" for number in range(20)))
    page.set_viewport_size({"width": 800, "height": 300})
    page.goto(f"{served.url}/queues")
    link = page.get_by_role("link", name="b-15", exact=True)
    link.focus()
    create_queues(served, "a")
    page.evaluate("document.scrollingElement.scrollTo(0, 250)")
    refresh(page)
    expect(page.get_by_role("link", name="a", exact=True)).to_be_attached()
    expect(link).to_be_focused()
    assert page.evaluate("document.scrollingElement.scrollTop > 0")


def test_a_list_waits_while_text_is_selected_or_typed(served: ServedEngine, page: Page) -> None:
    create_queues(served, "b")
    page.goto(f"{served.url}/queues")
    page.evaluate(COUNT_MORPHS)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('tbody th'))")
    create_queues(served, "a")
    refresh(page)
    assert page.evaluate("window.morphs") == 0
    page.get_by_role("searchbox").evaluate("field => { getSelection().removeAllRanges(); field.focus(); }")
    page.get_by_role("searchbox").press_sequentially("b")
    refresh(page)
    assert page.evaluate("window.morphs") == 0
    page.get_by_role("searchbox").blur()
    refresh(page)
    expect(page.get_by_role("link", name="a", exact=True)).to_be_attached()
    expect(page.get_by_role("searchbox")).to_have_value("b")


def test_open_details_stay_open_while_the_history_grows(served: ServedEngine, page: Page, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    command = f"while ! test -e '{gate}'; do sleep 0.05; done"
    execution = served.start(sample_jobs.create_job(served, "nightly", command))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(execution)])
    page.goto(f"{served.url}/runs/{execution}/history")
    details = page.locator("#event-1 details")
    details.locator("summary").click()
    expect(details).to_have_attribute("open", "")
    page.mouse.move(0, 0)
    gate.touch()
    served.ended(execution)
    expect(page.locator("#history")).to_contain_text("ExecutionSucceeded")
    expect(details).to_have_attribute("open", "")
    expect(page.locator("#history[data-refresh]")).to_have_count(0)


def answer_with_boxes(route: Route) -> None:
    """Answer with the list of queues, with a box in each row."""
    found = route.fetch()
    body = found.text().replace("</th>\n    <td", "<input type=checkbox name=run></th>\n    <td")
    route.fulfill(response=found, body=body)


def test_a_ticked_row_stays_ticked(served: ServedEngine, page: Page) -> None:
    create_queues(served, "b")
    page.goto(f"{served.url}/queues")
    page.route(re.compile(r"/queues(\?|$)"), answer_with_boxes)
    page.reload()
    page.get_by_role("row", name="b").get_by_role("checkbox").check()
    create_queues(served, "a")
    refresh(page)
    expect(page.get_by_role("link", name="a", exact=True)).to_be_attached()
    expect(page.locator("#queue-b input")).to_be_checked()
    expect(page.locator("#queue-a input")).not_to_be_checked()


def test_the_history_is_downloaded_under_its_name(served: ServedEngine, page: Page) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    execution = served.start(machine, {}, "2026-11-29")
    page.goto(f"{served.url}/runs/{execution}/history")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as JSON").click()
    assert download.value.suggested_filename == "nightly-2026-11-29-history.json"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_lists_have_no_serious_accessibility_problem(
    served: ServedEngine, chromium: Browser, scheme: real_browser.Scheme
) -> None:
    fill(served)
    with real_browser.open_page(chromium, scheme) as page:
        for path in PATHS:
            page.goto(served.url + path)
            expect(page.locator("body[data-connected]")).to_be_attached()
            assert find_accessibility_problems(page) == [], path


@pytest.mark.parametrize("width", [360, 1280])
def test_no_list_is_wider_than_the_screen(served: ServedEngine, chromium: Browser, width: int) -> None:
    fill(served)
    with real_browser.open_page(chromium, width=width) as page:
        for path in PATHS:
            page.goto(served.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


PATHS = ("/tasks", "/tasks?status=FAILED", "/events", "/rules", "/topics", "/queues", "/stacks", "/calendar", "/help")


def fill(served: ServedEngine) -> None:
    """Create something for each list, with long names."""
    name = "a-name-as-long-as-people-make-them-when-nobody-stops-them-at-eighty-characters"
    create_queues(served, *(f"{name}{number}" for number in range(2)))
    served.client("sns").create_topic(Name=name)
    served.client("events").put_rule(Name=name[:64], EventPattern='{"source":["aws.states","aws.ecs"]}')
    served.ended(served.start(sample_jobs.create_job(served, name[:70], "exit 2")))
