"""What people do in the console, in a real browser with a real engine."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from lamplighter.base.json_text import Json
from tests.cli.aws_account import command_environment
from tests.console import real_browser, sample_jobs
from tests.served_engine import ServedEngine, eventually

TIMEOUT_MILLISECONDS = real_browser.TIMEOUT_MILLISECONDS
RECORD_LABELS = """
each => {
  window.labels = [];
  new MutationObserver(() => window.labels.push(each.innerText)).observe(each, { childList: true, subtree: true });
}
"""
"""Records each text of a button, also one that is shown only for a moment."""
RECORD_REPORT = """() => {
  window.reported = [];
  new MutationObserver(() => {
    const node = document.querySelector('.graph .node[data-name="Report"]');
    window.reported.push(`${node?.dataset.status} ${document.getElementById("summary").innerText}`);
  }).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""
"""Records the status of the state Report and the summary, also what is shown only until the next attempt."""


def run_url(served: ServedEngine, arn: str) -> str:
    return f"{served.url}/runs/{arn}"


def expect_state_status(page: Page, state: str, status: str) -> None:
    node = page.locator(f'.graph .node[data-name="{state}"]')
    expect(node).to_have_attribute("data-status", status, timeout=TIMEOUT_MILLISECONDS)


def expect_run_status(page: Page, status: str) -> None:
    expect(page.locator("#summary .status")).to_have_text(status, timeout=TIMEOUT_MILLISECONDS)


def stop_run(page: Page) -> None:
    button = page.get_by_role("button", name="Stop", exact=True)
    aborted = page.locator("#summary .status", has_text="stopped")
    real_browser.press_and_confirm(button, page.get_by_role("button", name="Stop the run now?"), aborted)


def test_a_run_that_a_click_starts_fails_is_retried_and_succeeds_on_the_open_page(
    served: ServedEngine, page: Page, tmp_path: Path
) -> None:
    retry = [
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 15, "MaxAttempts": 1}
    ]  # long enough for the page to show it
    gate, command = tmp_path / "gate", sample_jobs.FAIL_ONCE_COMMAND.format(flag=tmp_path / "flag")
    sample_jobs.create_job(served, "nightly", f"while ! test -e '{gate}'; do sleep 0.05; done; {command}", Retry=retry)
    page.goto(f"{served.url}/jobs")
    page.get_by_role("button", name="Start nightly").click()
    page.wait_for_url("**/runs/**")
    page.evaluate("window.unchanged = true")
    expect_state_status(page, "Report", "RUNNING")
    page.evaluate(RECORD_REPORT)
    gate.touch()
    eventually(lambda: page.evaluate("window.reported.some(each => /^RETRYING.*Next attempt/s.test(each))"))
    expect(page.locator("#timeline")).to_contain_text("exit 3")
    expect_state_status(page, "Report", "SUCCEEDED")
    expect_run_status(page, "succeeded")
    expect(page.locator("#timeline")).to_contain_text("Report #2")
    expect(page.locator("#detail")).to_contain_text("Output")
    expect(page.get_by_role("status")).to_have_text("The run: succeeded.")
    assert page.evaluate("window.unchanged"), "the page was loaded again"


def test_a_log_is_shown_while_it_is_written_and_can_be_searched(served: ServedEngine, page: Page) -> None:
    command = 'for i in 1 2 3 4 5 6; do echo "line $i of <b>six</b>"; sleep 0.4; done'
    execution = served.start(sample_jobs.create_job(served, "chatty", command))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(execution)])
    page.goto(f"{run_url(served, execution)}/logs")
    expect(page.locator("#log")).to_contain_text("line 6 of <b>six</b>", timeout=TIMEOUT_MILLISECONDS)
    assert page.locator("#log .l").count() == 6
    served.ended(execution)
    page.locator("main").get_by_role("searchbox").fill("line 4")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#log .l")).to_have_count(1)
    expect(page.locator("#log")).to_contain_text("line 4")


def test_a_run_is_stopped(served: ServedEngine, page: Page) -> None:
    execution = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    page.goto(run_url(served, execution))
    expect_state_status(page, "Report", "RUNNING")
    expect(page).to_have_title(re.compile("^running: endless, run of [A-Z][a-z]{2} [0-9]{2} [A-Z][a-z]{2} [0-9]{2}:"))
    buttons = page.locator("#summary .actions").get_by_role("button")
    expect(buttons.first).to_have_text("Stop")
    expect(page.locator("#summary .primary")).to_have_text("Stop")
    stop_run(page)
    expect_run_status(page, "stopped")
    expect(page.locator("#summary .primary")).to_have_text("Run again")
    expect(page).to_have_title(re.compile("^stopped: endless"))
    expect_state_status(page, "Report", "ABORTED")
    assert served.ended(execution)["cause"] == "Stopped in the console"


def test_an_activity_without_a_worker_is_shown_as_waiting_for_one(served: ServedEngine, page: Page) -> None:
    activity = served.sfn.create_activity(name="approve")["activityArn"]
    state = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 600, "End": True}
    execution = served.start(served.machine({"StartAt": "Approve", "States": {"Approve": state}}, "approval"))
    page.goto(f"{run_url(served, execution)}?state=Approve")
    expect_state_status(page, "Approve", "WAITING")
    expect(page.locator("#timeline")).to_contain_text("waits for a worker")
    expect(page.locator("#detail")).to_contain_text("waits for a worker")
    node = page.get_by_role("link", name="Approve: waiting, waits for a worker")
    expect(node).to_be_visible()
    token = served.sfn.get_activity_task(activityArn=activity)["taskToken"]
    expect(page.locator("#timeline")).not_to_contain_text("waits for a worker", timeout=TIMEOUT_MILLISECONDS)
    expect(node).to_have_count(0)
    served.sfn.send_task_success(taskToken=token, output="{}")
    expect_run_status(page, "succeeded")


def test_what_a_live_page_replaces_keeps_the_focus(served: ServedEngine, page: Page) -> None:
    activity = served.sfn.create_activity(name="focus")["activityArn"]
    state = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 600, "End": True}
    machine = served.machine({"StartAt": "Approve", "States": {"Approve": state}}, "focus")
    page.goto(run_url(served, served.start(machine)))
    link = page.locator("#timeline").get_by_role("link", name="Approve")
    link.focus()
    served.sfn.get_activity_task(activityArn=activity)
    expect(page.locator("#timeline")).not_to_contain_text("waits for a worker", timeout=TIMEOUT_MILLISECONDS)
    expect(link).to_be_focused()


@pytest.mark.parametrize("label", ["Copy command", "Copy lamplighter run"])
@pytest.mark.parametrize("given", [{"day": "it's $1!"}, {"day": 1, "password": "hunter2"}, {"text": "é" * 5000}])
def test_a_copied_command_starts_the_same_run_in_a_shell_and_contains_no_secret(
    served: ServedEngine, page: Page, given: Json, label: str
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    run = served.start(machine, given)
    served.ended(run)  # else the page may replace the button
    page.goto(run_url(served, run))
    page.evaluate("navigator.clipboard.writeText('')")
    button = page.get_by_role("button", name=label)
    button.evaluate(RECORD_LABELS)
    button.click()
    eventually(lambda: page.evaluate("window.labels.includes('Copied')"))
    command = str(eventually(lambda: page.evaluate("navigator.clipboard.readText()")))
    assert ("hunter2" in command, "•" in command) == (False, False)
    assert run_and_read_inputs(command, served, machine) == [given, given]


def test_the_name_of_a_run_is_copied_also_where_the_browser_offers_no_clipboard(
    served: ServedEngine, page: Page
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    run = served.start(machine, {}, "tonight")
    served.ended(run)  # else the page may replace the button
    page.goto(run_url(served, run))
    button = page.get_by_role("button", name="Copy the name of the run")
    button.evaluate(RECORD_LABELS)
    button.click()
    eventually(lambda: page.evaluate("window.labels.includes('Copied')"))
    reader = page.context.new_page()
    reader.goto(served.url)
    reader.bring_to_front()
    assert reader.evaluate("navigator.clipboard.readText()") == "tonight"


def run_and_read_inputs(command: str, served: ServedEngine, machine: str) -> list[Json]:
    """Run a command in a shell, and return the inputs of all runs of the machine."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=command_environment(PATH=programs),
        check=True,
        timeout=60,
        capture_output=True,
    )
    listed = served.sfn.list_executions(stateMachineArn=machine)["executions"]
    found = [served.sfn.describe_execution(executionArn=each["executionArn"]) for each in listed]
    return [json.loads(each["input"]) for each in found]


def test_a_run_is_redriven_from_the_failed_state(served: ServedEngine, page: Page, tmp_path: Path) -> None:
    execution = served.start(sample_jobs.create_job(served, "broken", f"test -e {tmp_path}/mended"))
    served.ended(execution)
    (tmp_path / "mended").touch()
    page.goto(run_url(served, execution))
    expect_state_status(page, "Report", "FAILED")
    page.get_by_role("button", name="Redrive").click()
    expect_run_status(page, "succeeded")
    expect(page.locator("#summary")).to_contain_text("Redriven")


def test_a_schedule_is_paused_and_resumed(served: ServedEngine, page: Page) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    sample_jobs.create_schedule(served, "nightly", machine, "cron(0 18 * * ? *)")

    def state() -> str:
        found: str = served.client("scheduler").get_schedule(Name="nightly")["State"]
        return found

    page.goto(f"{served.url}/jobs")
    page.get_by_role("button", name="Pause nightly").click()
    expect(page.get_by_role("button", name="Resume nightly")).to_be_visible()
    assert state() == "DISABLED"
    page.get_by_role("button", name="Resume nightly").click()
    expect(page.get_by_role("button", name="Pause nightly")).to_be_visible()
    assert state() == "ENABLED"


def test_an_invalid_input_is_reported_before_anything_starts(served: ServedEngine, page: Page) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    page.goto(f"{served.url}/jobs/{machine}/start")
    page.get_by_label("Input").fill('{"day": ')
    expect(page.locator("#input-hint")).to_contain_text("JSON")
    with page.expect_response(lambda response: response.status == 422):
        page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not JSON")
    page.get_by_label("Input").fill('{"day": 1}')
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#detail")).to_contain_text('"day": 1')


def test_a_large_graph_shows_the_state_that_failed_first_and_not_the_last_one(served: ServedEngine, page: Page) -> None:
    caught = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Told 0"}]
    states: Json = {f"Told {at}": {"Type": "Pass", "Next": f"Told {at + 1}"} for at in range(12)}
    states["Told 12"] = {"Type": "Fail", "Error": "Nightly"}
    report = sample_jobs.build_task_state(served, "broken", "echo no such table; exit 2", Catch=caught, Next="Told 12")
    execution = served.start(served.machine({"StartAt": "Report", "States": {"Report": report, **states}}))
    served.ended(execution)
    page.goto(run_url(served, execution))
    expect(page.locator("#detail")).to_contain_text("no such table")
    expect(page.locator('.graph .node[data-name="Report"]')).to_be_in_viewport()
    assert page.locator("#graph .view").evaluate("view => view.scrollTop") == 0


def test_a_phone_shows_first_why_a_run_failed(served: ServedEngine, chromium: Browser) -> None:
    execution = served.start(sample_jobs.create_job(served, "broken", "echo no such table; exit 2"))
    served.ended(execution)
    with real_browser.open_page(chromium, width=390, height=844) as page:
        page.goto(run_url(served, execution))
        expect_state_status(page, "Report", "FAILED")
        tops = [page.locator(each).evaluate("it => it.getBoundingClientRect().top") for each in ("#detail", "#graph")]
        assert tops == sorted(tops)


def test_no_page_causes_a_failed_request_for_an_icon(served: ServedEngine, page: Page) -> None:
    execution = served.start(sample_jobs.create_job(served, "short", "echo done"))
    served.ended(execution)
    statuses: list[int] = []
    page.on("response", lambda response: statuses.append(response.status))
    page.goto(f"{run_url(served, execution)}/logs/line?line=1")
    page.goto(served.url)
    assert [each for each in statuses if each >= 400] == []


def test_a_state_is_selected_with_the_keyboard_and_has_its_own_url(served: ServedEngine, page: Page) -> None:
    states = {"First": {"Type": "Pass", "Next": "Second"}, "Second": {"Type": "Pass", "Result": {"x": 1}, "End": True}}
    execution = served.start(served.machine({"StartAt": "First", "States": states}))
    page.goto(run_url(served, execution))
    page.locator('.graph .node[data-name="Second"] > a').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail h2")).to_have_text("Second")
    assert page.url.endswith("?state=Second")
    page.go_back()
    expect(page.locator("#detail h2")).to_have_text("The run")
    page.goto(f"{run_url(served, execution)}?state=Second")
    expect(page.locator("#detail h2")).to_have_text("Second")


def test_a_run_of_ten_thousand_items_opens_about_as_fast_as_one_of_ten(served: ServedEngine, page: Page) -> None:
    few, many = sample_jobs.start_map_run(served, 10), sample_jobs.start_map_run(served, 10_000)
    served.ended(few)
    served.ended(many, 120)

    def seconds(execution: str) -> float:
        begun = time.monotonic()
        page.goto(run_url(served, execution))
        expect(page.locator("#maps")).to_contain_text(f"{execution.rpartition('-')[2]} of")
        page.locator(".graph .node").first.wait_for()
        return time.monotonic() - begun

    seconds(few)  # the first page loads the templates
    assert any(seconds(few) > seconds(many) / 5 for _ in range(10)), "however little others do on the machine"
    page.get_by_role("link", name="Items").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator("tbody th").first).to_have_text("100")
    expect(page.locator("tbody tr")).to_have_count(100)


def test_a_page_continues_with_the_next_engine_after_the_engine_was_killed(
    served: ServedEngine, chromium: Browser, own_port: int
) -> None:
    execution = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    with real_browser.open_page(chromium, strict=False) as page:
        served.kill()
        served.up_on(own_port)
        page.goto(run_url(served, execution))
        expect_state_status(page, "Report", "RUNNING")
        page.evaluate("window.unchanged = true")
        served.kill()
        served.up_on(own_port)
        served.sfn.stop_execution(executionArn=execution)
        expect_run_status(page, "stopped")
        assert page.evaluate("window.unchanged"), "the page was loaded again"


def test_a_link_from_another_site_opens_the_page_and_does_not_break_other_pages(
    served: ServedEngine, chromium: Browser
) -> None:
    execution = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    with real_browser.open_page(chromium) as page:
        page.goto(run_url(served, execution))
        other = page.context.new_page()
        other.goto(served.url.replace("127.0.0.1", "localhost"))  # another site, for a browser
        other.evaluate("to => { document.querySelector('.brand').href = to }", run_url(served, execution))
        other.locator(".brand").click()
        expect(other.locator("#summary .status")).to_have_text("running")
        stop_run(page)
        expect_run_status(page, "stopped")


def test_a_button_that_asks_for_confirmation_keeps_asking_after_a_refresh(
    served: ServedEngine, chromium: Browser
) -> None:
    execution = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    with real_browser.open_page(chromium) as page:
        page.goto(run_url(served, execution))
        expect(page.locator("#summary .status")).to_have_text("running")
        before = page.locator("#summary").inner_html()
        press_and_refresh = """html => {
            const summary = document.getElementById("summary");
            summary.querySelector("form[action$='/stop'] button").click();
            summary.innerHTML = html;
            summary.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
            return summary.querySelector("form[action$='/stop'] button").innerText;
        }"""
        assert page.evaluate(press_and_refresh, before) == "Stop the run now?"
        stop_run(page)
        expect_run_status(page, "stopped")


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
@pytest.mark.parametrize("width", [360, 1280])
def test_a_problem_of_the_engine_comes_and_goes_on_the_open_lists(
    served: ServedEngine, chromium: Browser, scheme: real_browser.Scheme, width: int
) -> None:
    served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    database, aside = served.data / "lamplighter.db", served.data / "aside.db"
    with real_browser.open_page(chromium, scheme, width, strict=False) as night:
        tabs = [night, night.context.new_page()]
        for page, path, title in zip(tabs, ("/", "/jobs"), ("The night", "Jobs"), strict=True):
            page.goto(served.url + path)
            expect(page.locator("h1")).to_contain_text(title)
            expect(find_notice(page)).to_have_count(0)
        database.rename(aside)
        for page in tabs:
            expect(find_notice(page)).to_contain_text("The data directory cannot be written")
            expect(find_notice(page)).to_contain_text("The engine goes on by itself.")
            assert find_accessibility_problems(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        aside.rename(database)
        for page in tabs:
            expect(find_notice(page)).to_have_count(0)


def find_notice(page: Page) -> Locator:
    """Return the notice of the engine's problems."""
    return page.get_by_role("region", name="The engine needs attention")


def find_accessibility_problems(page: Page) -> list[str]:
    """Return the problems that axe-core calls serious or critical."""
    found: list[Json] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
