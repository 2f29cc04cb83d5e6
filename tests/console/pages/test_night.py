"""The first page: the night, and actions on several of its runs."""

import html
import re
from collections.abc import Sequence

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.page import PART_HEADER
from lamplighter.console.pages import night
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, HOUR, REGION, ROLE, SECOND, EngineHarness, chain
from tests.fake_runtime import Script

PASS: Json = {"Type": "Pass"}
RULE: Json = {"Variable": "$.fail", "BooleanEquals": True, "Next": "Fail"}
WAITING: Json = {"Variable": "$.wait", "IsPresent": True, "Next": "Wait"}
JOB: Json = {
    "StartAt": "Which",
    "States": {
        "Which": {"Type": "Choice", "Choices": [WAITING, RULE], "Default": "Done"},
        "Fail": {"Type": "Fail", "Error": "Sales.Missing", "Cause": "no sales of yesterday"},
        "Wait": {"Type": "Wait", "Seconds": 600, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
"""A job that succeeds, fails or waits, as its input says."""
ENGINE_ONLY = ("ListNightRuns", "ListNightSlots", "ListUsualDurations", "ListAcknowledgements", "ListScheduledTasks")
EXCLUSIVE = [{"key": "lamplighter:overlap", "value": "queue"}]


def run(harness: EngineHarness, machine: str, **given: Json) -> str:
    """Run a job with an input, and return the run's ARN."""
    execution = harness.start(machine, {"fail": False, **given})
    harness.settle()
    harness.advance(SECOND)
    return execution


def list_rows(body: str) -> list[tuple[str, str]]:
    """Return the job and the status of each row of the night."""
    found = re.findall(r'<tr [^>]*data-night="(\w+)">.*?<th scope="row"><a[^>]*>([^<]*)</a>', body, re.DOTALL)
    return [(job, status) for status, job in found]


def list_counts(body: str) -> dict[str, int]:
    """Return the numbers of runs by status."""
    found = re.findall(r'data-night="(\w+)"(?: aria-current="page")?><b>(\d+)</b>', body)
    return {status: int(number) for status, number in found}


def list_results(body: str) -> list[str]:
    """Return what is said of each run, with its name."""
    found = re.findall(r"<li[^>]*>(.*?)</li>", body.partition('class="results"')[2], re.DOTALL)
    return [" ".join(re.sub("<[^>]*>", " ", each).split()) for each in found]


def tick(browser: Browser, action: str, runs: Sequence[str], **fields: str) -> str:
    """Send the form that asks before an action, and return its page."""
    return browser.post_form("/night/confirm", {"action": action, "run": "\n".join(runs), **fields}).body


def act(browser: Browser, action: str, runs: Sequence[str], **fields: str) -> str:
    """Send the form that acts on runs, and return its page."""
    return browser.post_form("/night/act", {"action": action, "run": "\n".join(runs), **fields}).body


def test_what_needs_a_person_comes_first(harness: EngineHarness, browser: Browser) -> None:
    good, bad, slow = (harness.machine(JOB, name) for name in ("good", "bad", "slow"))
    run(harness, bad, fail=True)
    run(harness, slow, wait=1)
    run(harness, good)
    page = browser.get("/")
    assert list_rows(page.body) == [("bad", "failed"), ("slow", "running"), ("good", "succeeded")]
    assert list_counts(page.body) == {"failed": 1, "running": 1, "succeeded": 1}
    assert "<title>1 failed: the night · lamplighter</title>" in page.body
    assert "Sales.Missing: no sales of yesterday" in page.text


def test_a_failure_with_a_later_success_has_recovered(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(JOB, "job")
    run(harness, machine, fail=True)
    again = run(harness, machine, wait=1)
    assert "a later run is under way" in browser.get("/").text
    harness.advance(600 * SECOND)
    page = browser.get("/")
    assert list_counts(page.body) == {"recovered": 1, "succeeded": 1}
    assert f'recovered by <a href="/runs/{again}">a later run</a>' in page.body


def test_a_success_before_the_failure_does_not_count(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(JOB, "job")
    run(harness, machine)
    run(harness, machine, fail=True)
    assert list_counts(browser.get("/").body) == {"failed": 1, "succeeded": 1}


def test_a_success_after_a_failed_attempt_has_recovered(harness: EngineHarness, browser: Browser) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {"TaskDefinition": harness.define_task()},
        "Retry": [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1}],
    }
    harness.runtime.script(Script(code=3))
    harness.run_machine(task, name="flaky")
    harness.advance(SECOND // 2)
    harness.runtime.script(Script(code=0))
    for _ in range(5):
        harness.advance(SECOND)
    page = browser.get("/")
    assert list_counts(page.body) == {"recovered": 1}
    assert "succeeded after 1 failed attempt" in page.text


def test_a_run_whose_task_waits_for_room_is_waiting_with_the_reason(harness: EngineHarness, browser: Browser) -> None:
    harness.call("ecs", "CreateCluster")
    container = {"name": "main", "image": "busybox", "memory": 128}
    answer = harness.call(
        "ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container], tags=EXCLUSIVE
    )
    parameters = {"TaskDefinition": answer["taskDefinition"]["taskDefinitionArn"]}
    harness.runtime.script(Script(after=None))
    machine = harness.machine(
        chain({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters}), "job"
    )
    for _ in range(2):
        harness.start(machine)
        harness.settle()
        harness.advance(SECOND)
    page = browser.get("/")
    assert list_counts(page.body) == {"running": 1, "waiting": 1}
    assert "waits until the previous task of its family has stopped" in page.text


def test_the_hours_until_a_redrive_do_not_count_as_time_that_the_run_took(
    harness: EngineHarness, browser: Browser
) -> None:
    parameters = {"TaskDefinition": harness.define_task()}
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters}
    harness.runtime.script(Script(code=3))
    machine = harness.machine({"StartAt": "A", "States": {"A": task | {"End": True}}}, "job")
    execution = run(harness, machine)
    harness.advance(5 * HOUR)
    harness.runtime.script(Script(code=0))
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.advance(5 * SECOND)
    night_page, job_page = browser.get("/"), browser.get(f"/jobs/{machine}")
    assert list_counts(night_page.body) == {"recovered": 1}
    assert "succeeded after 1 redrive" in night_page.text
    (took,) = re.findall('data-label="Took" class="number">([^<]*)<', night_page.body)
    assert re.fullmatch(r"\d\.\d s", took), took
    assert not re.search(r"\b[45] h\b", job_page.text)
    assert took in job_page.text


def test_a_failed_container_is_named_with_its_exit_code(harness: EngineHarness, browser: Browser) -> None:
    parameters = {"TaskDefinition": harness.define_task()}
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters}
    harness.runtime.script(Script(code=137))
    harness.run_machine(task, name="killed")
    harness.advance(5 * SECOND)
    assert "killed (exit code 137)" in browser.get("/").text


def create_schedule(harness: EngineHarness, machine: str) -> None:
    harness.call(
        "scheduler", "CreateSchedule", Name="nightly", ScheduleExpression="cron(0 2 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"fail": false}'},
    )  # fmt: skip


def miss_slots(harness: EngineHarness, missed: str) -> None:
    """Let the engine be down over a scheduled time; `missed` says whether it runs late."""
    harness.call("scheduler", "SetMissed", Name="nightly", Missed=missed)
    harness.crash()
    harness.clock.advance(5 * HOUR)
    harness.up()
    harness.advance(SECOND)


def test_a_missed_time_needs_a_person_and_can_be_run_again(harness: EngineHarness) -> None:
    create_schedule(harness, harness.machine(JOB, "job"))
    miss_slots(harness, "none")
    browser = Browser(harness)
    page = browser.get("/")
    assert list_rows(page.body) == [("job", "missed")]
    assert "no engine ran at that time" in page.text
    (missed,) = re.findall('name="run" value="([^"]*)"', page.body)
    assert "1 of 1 done" in act(browser, "again", [missed])
    harness.advance(SECOND)
    page = browser.get("/")
    assert list_counts(page.body) == {"recovered": 1}
    assert "succeeded when it ran again before: missed" in page.text


def test_a_run_shows_the_schedule_that_started_it_and_its_slot(harness: EngineHarness, browser: Browser) -> None:
    create_schedule(harness, harness.machine(JOB, "job"))
    harness.advance(2 * HOUR)
    harness.advance(SECOND)
    page = browser.get("/")
    assert list_rows(page.body) == [("job", "succeeded")]
    assert "schedule nightly" in page.text
    assert list_rows(browser.get("/?trigger=hand").body) == []
    assert list_rows(browser.get("/?trigger=schedule").body) == [("job", "succeeded")]


def test_what_comes_until_the_morning_is_listed(harness: EngineHarness, browser: Browser) -> None:
    create_schedule(harness, harness.machine(JOB, "job"))
    page = browser.get("/").text
    assert "Until Thu 01 Jan 09:00" in page
    assert "Thu 01 Jan 02:00 job" in page


def test_runs_are_filtered_by_project_job_tag_and_status(harness: EngineHarness, browser: Browser) -> None:
    shop, bank = harness.machine(JOB, "shop-import"), harness.machine(JOB, "bank-import")
    for machine, project in ((shop, "shop"), (bank, "bank")):
        tags = [{"key": "lamplighter:project", "value": project}, {"key": "team", "value": f"{project} team"}]
        harness.call("states", "TagResource", resourceArn=machine, tags=tags)
        run(harness, machine)
    run(harness, bank, fail=True)
    for query, names in {
        "project=shop": ["shop-import"],
        "tag=team%3Dshop+team": ["shop-import"],
        "tag=team": ["bank-import", "bank-import", "shop-import"],
        "job=BANK": ["bank-import", "bank-import"],
        "status=failed": ["bank-import"],
        "project=none": [],
    }.items():
        assert [job for job, _ in list_rows(browser.get(f"/?{query}").body)] == names, query
    assert list_counts(browser.get("/?project=shop").body) == {"succeeded": 1}
    assert "No run fits these filters" in browser.get("/?project=none").text


def test_runs_are_sorted_by_job_time_and_duration(harness: EngineHarness, browser: Browser) -> None:
    short, long = harness.machine(JOB, "b-short"), harness.machine(JOB, "a-long")
    run(harness, long, wait=1)
    harness.advance(600 * SECOND)
    run(harness, short)
    for order, jobs in {
        "job": ["a-long", "b-short"],
        "newest": ["b-short", "a-long"],
        "longest": ["a-long", "b-short"],
    }.items():
        assert [job for job, _ in list_rows(browser.get(f"/?sort={order}").body)] == jobs, order


def test_the_night_begins_and_ends_when_the_url_says(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(JOB, "job")
    run(harness, machine)
    harness.advance(20 * HOUR)
    assert "Nothing has run since Thu 01 Jan 18:00" in browser.get("/").text
    earlier = browser.get("/?since=2025-12-31T18:00&until=2026-01-01T06:00")
    assert list_rows(earlier.body) == [("job", "succeeded")]
    assert "since Wed 31 Dec 2025 18:00 until Thu 01 Jan 06:00" in earlier.text
    assert list_rows(browser.get("/?since=00:00").body) == [("job", "succeeded")]


@pytest.mark.parametrize("query", ["since=soon", "since=25:00", "since=18:00&until=17:00"])
def test_a_wrong_time_is_explained_and_the_night_is_shown(browser: Browser, query: str) -> None:
    page = browser.get(f"/?{query}")
    assert page.status == 200
    assert 'class="fault"' in page.body
    assert "since Wed 31 Dec 2025 18:00" in page.text


def test_long_lists_have_numbered_pages(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night, "PAGE_SIZE", 2)
    machine = harness.machine(JOB, "job")
    for _ in range(5):
        run(harness, machine)
    first, last = browser.get("/"), browser.get("/?page=3")
    assert "1 to 2 of 5 rows" in first.text
    assert len(list_rows(last.body)) == 1


def test_the_page_needs_as_many_calls_for_many_runs_as_for_few(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [harness.machine(JOB, f"job-{at}") for at in range(30)]
    calls: list[str] = []
    original = LocalPort.call_internal

    async def count_call(port: LocalPort, place: Place, service: str, operation: str, *rest: Json) -> Json:
        calls.append(operation)
        return await original(port, place, service, operation, *rest)

    monkeypatch.setattr(LocalPort, "call_internal", count_call)
    run(harness, machines[0])
    browser.get("/")
    few, calls[:] = list(calls), []
    for machine in machines:
        run(harness, machine)
    browser.get("/")
    assert calls == few


def test_an_acknowledged_failure_leaves_the_count_and_keeps_its_note(harness: EngineHarness, browser: Browser) -> None:
    failed = run(harness, harness.machine(JOB, "job"), fail=True)
    asked = tick(browser, "acknowledge", [failed])
    assert "Acknowledge 1 failure?" in asked
    assert list_results(act(browser, "acknowledge", [failed], note="fixed by 4711")) == [
        "job, Thu 01 Jan 00:00 acknowledged"
    ]
    page = browser.get("/")
    assert list_counts(page.body) == {"acknowledged": 1}
    assert "“fixed by 4711” acknowledged" in page.text
    assert "<title>all well: the night" in page.body


def test_a_run_that_did_not_fail_cannot_be_acknowledged(harness: EngineHarness, browser: Browser) -> None:
    good = run(harness, harness.machine(JOB, "job"))
    assert list_results(tick(browser, "acknowledge", [good])) == ["job, Thu 01 Jan 00:00 it did not fail"]
    assert "0 of 1 done" in act(browser, "acknowledge", [good])
    assert list_counts(browser.get("/").body) == {"succeeded": 1}


def test_only_a_task_that_failed_can_be_acknowledged(harness: EngineHarness, browser: Browser) -> None:
    harness.define_task("report")
    for code, result in ((0, "it did not fail"), (3, "acknowledged")):
        harness.runtime.script(Script(code=code))
        (task,) = harness.call("ecs", "RunTask", taskDefinition="report", startedBy="rule/nightly")["tasks"]
        harness.advance(5 * SECOND)
        (found,) = list_results(act(browser, "acknowledge", [task["taskArn"]]))
        assert found.endswith(f" {result}")


def test_an_action_says_what_it_does_to_how_many_and_why_not_to_the_others(
    harness: EngineHarness, browser: Browser
) -> None:
    jobs = [harness.machine(JOB, f"job-{at}") for at in range(3)]
    runs = [run(harness, jobs[0], fail=True), run(harness, jobs[1], fail=True), run(harness, jobs[2], wait=1)]
    page = tick(browser, "again", runs)
    assert "Run 2 runs again?" in page
    assert "Run 2 again</button>" in page
    assert "1 run left out" in page
    assert "it is still running" in page


def list_ticked(body: str) -> list[str]:
    """Return the runs whose boxes are ticked when the page arrives."""
    return re.findall('name="run" value="([^"]*)" checked', body)


@pytest.mark.parametrize("query", ["", "&status=failed"])
def test_one_press_ticks_what_failed_on_all_pages(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(night, "PAGE_SIZE", 2)
    machine = harness.machine(JOB, "job")
    failed = [run(harness, machine, fail=True, day=day) for day in range(5)]
    run(harness, machine, wait=1)
    page = browser.get(f"/?sort=job{query}")
    assert "2 of 5 on this page; tick all 5" in browser.get(f"/?{query}").text
    assert "all that failed</button>" in browser.get(f"/?{query}").body
    assert list_ticked(page.body) == []
    (link,) = re.findall(r'href="([^"]*tick=all[^"]*)"', page.body)
    page = browser.get(f"/{html.unescape(link)}")
    assert sorted(list_ticked(page.body)) == sorted(failed)
    assert "ticked on other pages" in page.text
    asked = tick(browser, "again", list_ticked(page.body))
    assert "Run 5 runs again?" in asked
    assert list_ticked(browser.get(f"/{html.unescape(link)}", **{PART_HEADER: "1"}).body) == []


def test_no_more_are_ticked_than_a_form_may_have(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night, "PAGE_SIZE", 2)
    monkeypatch.setattr(night, "MAX_RUNS", 4)
    machine = harness.machine(JOB, "job")
    for day in range(5):
        run(harness, machine, fail=True, day=day)
    assert "2 of 5 on this page; tick the first 4" in browser.get("/").text
    assert len(list_ticked(browser.get("/?tick=all").body)) == 4


def test_a_failure_that_ran_again_is_one_row_with_its_history(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, fail=True)
    for _ in range(2):
        (newest,) = re.findall('name="run" value="([^"]*)"', browser.get("/").body)
        assert "1 of 1 done" in act(browser, "again", [newest])
        harness.advance(SECOND)
    page = browser.get("/")
    assert (list_counts(page.body), list_rows(page.body)) == ({"failed": 1}, [("job", "failed")])
    assert "<title>1 failed: the night · lamplighter</title>" in page.body
    time = "Thu 01 Jan 00:00"
    words = page.text.replace(" ,", ",")
    assert f"failed again at {time}, 3 runs; before: failed {time}, failed {time}" in words
    assert f'<a href="/runs/{failed}">failed' in page.body
    assert f'name="run" value="{failed}--again-2"' in page.body


def test_what_runs_again_is_neither_failed_nor_ticked_and_is_left_out(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, wait=1)
    harness.call("states", "StopExecution", executionArn=failed)
    browser.post(f"/runs/{failed}/again", {})
    harness.advance(SECOND)
    (result,) = list_results(tick(browser, "again", [failed]))
    assert result == "job, Thu 01 Jan 00:00 already runs again since Thu 01 Jan 00:00"
    page = browser.get(f"/runs/{failed}")
    assert "Run again</button>" not in page.body
    assert f'<a href="/runs/{failed}--again-1">' in page.body
    again = browser.get(f"/runs/{failed}--again-1")
    assert f'<dt>Repeats</dt><dd><a href="/runs/{failed}">' in again.body
    assert f'repeats <a href="/runs/{failed}">' in browser.get(f"/jobs/{machine}").body
    assert browser.post_form(f"/runs/{failed}/redrive", {}).headers["location"] == f"/runs/{failed}--again-1"


def test_runs_are_started_again_once_however_often_the_form_is_sent(harness: EngineHarness, browser: Browser) -> None:
    machines = [harness.machine(JOB, f"job-{at}") for at in range(2)]
    failed = [run(harness, each, fail=True) for each in machines]
    for _ in range(2):
        assert "2 of 2 done" in act(browser, "again", failed)
    for machine in machines:
        runs = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
        assert len(runs) == 2


def test_a_redrive_that_can_only_fail_again_is_refused_with_the_reason(
    harness: EngineHarness, browser: Browser
) -> None:
    failed = run(harness, harness.machine(JOB, "job"), fail=True)
    assert "from which the run can only fail again" in " ".join(list_results(tick(browser, "redrive", [failed])))
    assert "0 of 1 done" in act(browser, "redrive", [failed])
    assert harness.describe(failed)["redriveCount"] == 0


def test_a_failed_task_of_a_schedule_is_run_again_as_its_schedule_would(harness: EngineHarness) -> None:
    create_task_schedule(harness)
    harness.runtime.script(Script(code=3))
    harness.advance(2 * HOUR)
    harness.advance(SECOND)
    browser = Browser(harness)
    page = browser.get("/")
    assert list_rows(page.body) == [("job", "failed")]
    assert "exit code 3" in page.text
    harness.runtime.script(Script(code=0))
    (task,) = re.findall('name="run" value="([^"]*)"', page.body)
    for _ in range(2):
        assert "1 of 1 done" in act(browser, "again", [task])
        harness.advance(SECOND)
    assert list_counts(browser.get("/").body) == {"recovered": 1}
    assert len(harness.call("ecs", "ListLatestTasks")["Tasks"]) == 2


def create_task_schedule(harness: EngineHarness) -> None:
    """Create a schedule that starts a task every night at two."""
    target = {
        "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default",
        "RoleArn": ROLE,
        "EcsParameters": {"TaskDefinitionArn": harness.define_task()},
    }
    harness.call(
        "scheduler", "CreateSchedule", Name="nightly", ScheduleExpression="cron(0 2 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip


def test_a_missed_time_of_a_task_is_run_again(harness: EngineHarness) -> None:
    create_task_schedule(harness)
    miss_slots(harness, "none")
    browser = Browser(harness)
    (missed,) = re.findall('name="run" value="([^"]*)"', browser.get("/").body)
    assert "1 of 1 done" in act(browser, "again", [missed])
    harness.advance(SECOND)
    assert list_counts(browser.get("/").body)["recovered"] == 1


def test_a_secret_in_the_cause_of_a_failure_is_masked_wherever_it_is_shown(
    harness: EngineHarness, browser: Browser
) -> None:
    state = {"Type": "Fail", "Error": "Login", "Cause": '{"user": "ann", "token": "hunter2"}'}
    execution = harness.run_machine(state, name="job")
    machine = harness.describe(execution)["stateMachineArn"]
    for path in ("/", f"/jobs/{machine}", f"/runs/{execution}"):
        page = browser.get(path)
        assert "ann" in page.text, path
        assert "hunter2" not in page.body, path


def test_running_runs_are_stopped(harness: EngineHarness, browser: Browser) -> None:
    running = run(harness, harness.machine(JOB, "job"), wait=1)
    assert "1 of 1 done" in act(browser, "stop", [running])
    assert harness.status(running) == "ABORTED"
    assert list_counts(browser.get("/").body) == {"stopped": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "again"},
        {"action": "explode", "run": "arn:aws:states:a:1:execution:a:b"},
        {"action": "again", "run": "x"},
    ],
)
def test_a_form_without_runs_or_with_an_unknown_action_is_refused(browser: Browser, fields: dict[str, str]) -> None:
    assert browser.post_form("/night/act", fields).status == 400
    assert browser.post_form("/night/confirm", fields).status == 400


def test_a_run_that_does_not_exist_is_reported_with_the_others(harness: EngineHarness, browser: Browser) -> None:
    failed = run(harness, harness.machine(JOB, "job"), fail=True)
    results = list_results(act(browser, "again", [failed, f"{failed}x"]))
    assert [("started again" in each, "Execution Does Not Exist" in each) for each in results] == [
        (True, False),
        (False, True),
    ]


def test_on_aws_the_page_shows_the_runs_and_says_what_aws_does_not_know(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = LocalPort.call_internal

    async def call_internal(port: LocalPort, place: Place, service: str, operation: str, *rest: Json) -> Json:
        return None if operation in ENGINE_ONLY else await original(port, place, service, operation, *rest)

    machine = harness.machine(JOB, "job")
    run(harness, machine, fail=True)
    run(harness, machine)
    monkeypatch.setattr(LocalPort, "call_internal", call_internal)
    page = browser.get("/")
    assert list_rows(page.body) == [("job", "recovered"), ("job", "succeeded")]
    assert "AWS does not say what started a run" in page.text
    assert "Acknowledge" not in page.text


def find_link(body: str, words: str) -> str | None:
    found = re.search(f'<a [^>]*href="([^"]*)">{words}</a>', body)
    return None if found is None else html.unescape(found[1])


def test_links_lead_to_the_previous_night_and_back(harness: EngineHarness, browser: Browser) -> None:
    harness.advance(40 * HOUR)
    page = browser.get("/?sort=job&zone=Europe/Berlin")
    assert find_link(page.body, "Next night") is None
    before = find_link(page.body, "Previous night")
    assert before == "?sort=job&zone=Europe%2FBerlin&since=2026-01-01T18%3A00&until=2026-01-02T18%3A00" or before
    earlier = browser.get(f"/{before}")
    assert find_link(earlier.body, "Next night") == "?sort=job&zone=Europe%2FBerlin"
    assert "since=2025-12-30T18%3A00&until=2025-12-31T18%3A00" in str(find_link(earlier.body, "Previous night"))
