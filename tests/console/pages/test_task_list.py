"""The list of tasks: its filters, its pages, and the run that each task belongs to."""

import re

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.tables import task_lists
from tests.console.http_browser import Browser
from tests.console.pages.test_tasks import define_task, end_task, run_task
from tests.engine_harness import EngineHarness


def start(harness: EngineHarness, code: int | None = 0, family: str = "night", **params: Json) -> str:
    """Start a task, end it with an exit code unless that is None, and return its id."""
    (task,) = harness.call("ecs", "RunTask", taskDefinition=family, **params)["tasks"]
    harness.settle()
    if code is not None:
        end_task(harness, code)
    return str(task["taskArn"]).rpartition("/")[2]


def shown(browser: Browser, url: str) -> list[str]:
    return re.findall(r'<tr id="task-([0-9a-f]+)">', browser.get(url).body)


def link(browser: Browser, url: str, rel: str) -> str:
    """Return the URL of the page before or after a page."""
    found = re.search(f'rel="{rel}" href="([^"]*)"', browser.get(url).body)
    assert found, f"there is no link {rel}"
    return f"/tasks{found[1].replace('&amp;', '&')}"


def test_tasks_are_listed_with_how_they_ended_newest_first(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    for code in (0, 3):
        run_task(harness)
        end_task(harness, code)
    run_task(harness)
    rows = browser.get("/tasks").body.partition("<tbody>")[2]
    assert rows.index("running") < rows.index("exit 3") < rows.index("exit 0")


def test_tasks_have_pages_in_both_directions(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    names = [start(harness, None) for _ in range(60)][::-1]
    second = link(browser, "/tasks", "next")
    third = link(browser, second, "next")
    assert shown(browser, "/tasks") == names[:25]
    assert shown(browser, second) == names[25:50]
    assert shown(browser, third) == names[50:]
    assert shown(browser, link(browser, third, "prev")) == names[25:50]
    assert shown(browser, link(browser, link(browser, third, "prev"), "prev")) == names[:25]
    assert 'rel="next"' not in browser.get(third).body
    assert 'rel="prev"' not in browser.get("/tasks").body


def test_tasks_are_filtered_by_status(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    good, bad, stopped = start(harness, 0), start(harness, 3), start(harness, None)
    harness.call("ecs", "StopTask", task=stopped)
    harness.settle()
    runs = start(harness, None)
    assert shown(browser, "/tasks?status=RUNNING") == [runs]
    assert shown(browser, "/tasks?status=FAILED") == [bad]
    assert shown(browser, "/tasks?status=STOPPED") == [stopped, bad, good]
    assert shown(browser, "/tasks?status=nonsense") == [runs, stopped, bad, good]
    body = browser.get("/tasks?status=FAILED").body
    assert '<option value="FAILED" selected>failed (1)</option>' in body
    assert '<option value="STOPPED">stopped (3)</option>' in body
    assert '<option value="RUNNING">running (1)</option>' in body


def test_tasks_are_filtered_by_family_cluster_and_what_started_them(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    define_task(harness, "day")
    harness.call("ecs", "CreateCluster", clusterName="reports")
    night, day = start(harness), start(harness, family="day")
    other = start(harness, cluster="reports", startedBy="alice")
    scheduled = start(harness, startedBy="chronos-schedule/nightly")
    by_rule = start(harness, startedBy="events-rule/nightly")
    assert shown(browser, "/tasks?family=day") == [day]
    assert shown(browser, "/tasks?cluster=reports") == [other]
    assert shown(browser, "/tasks?starter=schedule") == [scheduled]
    assert shown(browser, "/tasks?starter=rule") == [by_rule]
    assert shown(browser, "/tasks?starter=hand&cluster=default") == [day, night]
    body = browser.get("/tasks?cluster=default").body
    assert '<option value="day">day (1)</option>' in body
    assert '<option value="night">night (3)</option>' in body
    assert '<option value="hand">by hand (2)</option>' in body
    assert "schedule nightly" in browser.get("/tasks").text
    assert '/rules/arn:aws:events:us-east-1:123456789012:rule/nightly"' in browser.get("/tasks").body


def test_a_filter_that_nothing_fits_keeps_the_form(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    start(harness)
    page = browser.get("/tasks?family=gone&status=FAILED")
    assert "No such task" in page.text
    assert '<option value="gone" selected>gone (0)</option>' in page.body
    assert "Show all" in page.text


def test_pages_keep_the_filter(harness: EngineHarness, browser: Browser) -> None:
    define_task(harness)
    bad = [start(harness, 3) for _ in range(27)][::-1]
    start(harness, 0)
    second = link(browser, "/tasks?status=FAILED", "next")
    assert shown(browser, second) == bad[25:]
    assert shown(browser, link(browser, second, "prev")) == bad[:25]


def test_a_search_among_many_tasks_goes_on_page_by_page(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_lists, "MAX_EXAMINED", 4)
    define_task(harness)
    bad = start(harness, 3)
    for _ in range(9):
        start(harness, 0)
    url = "/tasks?status=FAILED"
    for _ in range(2):
        assert shown(browser, url) == []
        assert "older ones may fit" in browser.get(url).text
        url = link(browser, url, "next")
    assert shown(browser, url) == [bad]
    assert 'rel="next"' not in browser.get(url).body
    assert shown(browser, link(browser, url, "prev")) == []


@pytest.mark.parametrize("variable", ["LAMPLIGHTER_RUN_ARN", "LAMPLIGHTER_RUN"])
def test_a_task_of_a_job_leads_to_its_run(harness: EngineHarness, browser: Browser, variable: str) -> None:
    define_task(harness)
    arn = "arn:aws:states:us-east-1:123456789012:execution:night:2026-11-29"
    environment = [{"name": variable, "value": arn if variable.endswith("ARN") else "2026-11-29"}]
    overrides = {"containerOverrides": [{"name": "main", "environment": environment}]}
    start(harness, 0, overrides=overrides, startedBy="AWS Step Functions")
    assert f'href="/runs/{arn}"' in browser.get("/tasks?starter=machine").body


def test_the_list_refreshes_by_itself(harness: EngineHarness, browser: Browser) -> None:
    assert 'id="tasks" class="stack" data-refresh="5.0"' in browser.get("/tasks").body
