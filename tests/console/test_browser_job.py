"""The page of a job in a real browser with a real engine: its chart, the pages of its runs, and its look."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, expect

from lamplighter.base.json_text import dumps
from lamplighter.jobs.stack.template import build_template
from tests.console import real_browser
from tests.console.test_browser import find_accessibility_problems
from tests.jobs.projects import load_job_text
from tests.served_engine import ServedEngine, eventually

JOB_FILE = """
project: shop
channels: {ops: {email: ops@example.com}}
jobs:
  night:
    description: Sums up the day.
    command: if mkdir FOLDER/flag; then echo lost the database; exit 3; fi; echo done
    environment: {REPORT: daily, DB_PASSWORD: hunter2}
    tags: {owner: data team, cost-center: "4711"}
    schedule: cron(30 2 1 1 ? 2099)
    timezone: Europe/Berlin
    timeout: 10m
    deadline: 1h
    overlap: queue
    retry: {exit: {codes: [75, 76], attempts: 2}}
    notify: ops
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path_factory.mktemp("engine") / "data")
    made.up()
    yield made
    made.close()


@pytest.fixture(scope="module")
def job(served: ServedEngine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The ARN of a job of a job file, with a failed run and one that succeeded."""
    folder = tmp_path_factory.mktemp("project")
    project = load_job_text(folder, JOB_FILE.replace("FOLDER", str(folder))).project
    cloudformation = served.client("cloudformation")
    body = dumps(build_template(project, "here"))
    cloudformation.create_stack(StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    eventually(lambda: cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    machines = served.sfn.list_state_machines()["stateMachines"]
    arn: str = next(each["stateMachineArn"] for each in machines if each["name"] == "shop-night")
    for name in ("first", "second"):
        served.ended(served.start(arn, name=name))
    return arn


@pytest.fixture(scope="module")
def busy(served: ServedEngine) -> str:
    """The ARN of a state machine with 120 runs."""
    arn: str = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "busy")
    for number in range(120):
        served.start(arn, name=f"run-{number}")
    return arn


def test_a_mark_of_the_chart_opens_its_run(served: ServedEngine, page: Page, job: str) -> None:
    page.goto(f"{served.url}/jobs/{job}")
    marks = page.locator(".durations a")
    expect(marks).to_have_count(2)
    expect(marks.first.locator("title")).to_have_text(re.compile("failed"))
    marks.first.locator(".hit").click()
    expect(page).to_have_url(re.compile(r"/runs/.*:first$"))


def test_the_arrow_keys_go_from_one_run_of_the_chart_to_the_next(served: ServedEngine, page: Page, job: str) -> None:
    page.goto(f"{served.url}/jobs/{job}")
    marks = page.locator(".durations a")
    marks.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(marks.first).to_be_focused()
    page.keyboard.press("End")
    expect(marks.last).to_be_focused()
    expect(page.locator('.durations a[tabindex="0"]')).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs/.*:second$"))


def test_pages_are_opened_by_number_and_by_next_and_back_returns(served: ServedEngine, page: Page, busy: str) -> None:
    page.goto(f"{served.url}/jobs/{busy}")
    first = page.locator(".runs tbody th a").first
    expect(first).to_have_attribute("href", re.compile("run-119$"))
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Page 3").click()
    expect(page.locator(".runs tbody tr")).to_have_count(20)
    pages.get_by_role("link", name="Previous").click()
    expect(page.locator(".runs tbody tr")).to_have_count(50)
    expect(pages.locator("[aria-current=page]")).to_have_text("2")
    page.go_back()
    expect(pages.locator("[aria-current=page]")).to_have_text("3")


def test_runs_are_sorted_and_filtered_and_what_is_chosen_stays(served: ServedEngine, page: Page, busy: str) -> None:
    page.goto(f"{served.url}/jobs/{busy}?status=SUCCEEDED")
    page.get_by_role("link", name="Started ↓").click()
    expect(page.locator(".runs tbody th a").first).to_have_attribute("href", re.compile("run-0$"))
    page.get_by_label("Started by").select_option("by hand or the API")
    expect(page).to_have_url(re.compile("trigger=outside"))
    expect(page.locator(".runs tbody th a").first).to_have_attribute("href", re.compile("run-0$"))
    expect(page.locator(".tabs [aria-current=page]")).to_have_text("Succeeded 120")
    page.get_by_role("link", name="Show all").click()
    expect(page).not_to_have_url(re.compile("trigger"))


def test_a_filter_that_is_chosen_before_the_other_scripts_have_loaded_is_followed(
    served: ServedEngine, page: Page, busy: str
) -> None:
    held = real_browser.hold_requests(page, re.compile(r"/console[^/]*\.js"))
    page.goto(f"{served.url}/jobs/{busy}", wait_until="commit")
    page.get_by_label("Started by").select_option("by hand or the API")
    expect(page).to_have_url(re.compile("trigger=outside"))
    assert held


def test_a_run_that_begins_appears_without_a_reload(served: ServedEngine, page: Page) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "fresh")
    page.goto(f"{served.url}/jobs/{machine}")
    expect(page.locator(".runs")).to_contain_text("None.")
    served.start(machine, name="appears")
    expect(page.locator(".runs tbody th a")).to_have_attribute("href", re.compile("appears$"))


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
def test_the_page_is_accessible(served: ServedEngine, chromium: Browser, job: str, scheme: real_browser.Scheme) -> None:
    with real_browser.open_page(chromium, scheme) as page:
        page.goto(f"{served.url}/jobs/{job}")
        page.locator("#about details summary").first.click()
        assert find_accessibility_problems(page) == []


def test_the_page_fits_a_phone(served: ServedEngine, chromium: Browser, job: str) -> None:
    with real_browser.open_page(chromium, width=390) as page:
        page.goto(f"{served.url}/jobs/{job}")
        expect(page.locator(".runs tbody tr")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
