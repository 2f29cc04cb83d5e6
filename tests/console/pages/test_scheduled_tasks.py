"""The list and the pages of jobs that are tasks without a state machine."""

import pytest

from lamplighter.base.json_text import Json, dump_bytes, dumps, loads
from lamplighter.bus import Caller
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, HOUR, REGION, ROLE, SECOND, EngineHarness
from tests.fake_runtime import Script

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
PATH = f"/scheduled-tasks/{CLUSTER}/night"
SCHEDULE = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/nightly"


def define(harness: EngineHarness, **container: Json) -> str:
    given = {"name": "main", "image": "busybox", "memory": 128, "command": ["load", "--all"], **container}
    answer = harness.call("ecs", "RegisterTaskDefinition", family="night", containerDefinitions=[given])
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def create_schedule(harness: EngineHarness, definition: str, name: str = "nightly", **target: Json) -> None:
    harness.call(
        "scheduler", "CreateSchedule", Name=name, ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}, **target},
    )  # fmt: skip


@pytest.fixture
def night(harness: EngineHarness) -> EngineHarness:
    """An engine with a job whose task runs: its schedule has just started it for the first time."""
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "CreateCluster")
    create_schedule(harness, define(harness), Input='{"containerOverrides": [{"name": "main", "command": ["now"]}]}')
    harness.settle()
    return harness


def end_task(harness: EngineHarness, code: int) -> None:
    harness.clock.advance(3 * SECOND)
    harness.runtime.finish(list(harness.runtime.started)[-1], code)
    harness.settle()


def latest_task(harness: EngineHarness) -> Json:
    (task, *_) = harness.call("ecs", "ListLatestTasks")["Tasks"]
    return task


def test_a_scheduled_task_is_a_job_of_the_list(night: EngineHarness, browser: Browser) -> None:
    end_task(night, 3)
    page = browser.get("/jobs")
    assert f'<a href="{PATH}">night</a><span class="second quiet"><span class="tag"' in page.body
    row = page.body.partition(f'<a href="{PATH}">')[2].partition("</tr>")[0]
    assert f'href="/tasks/{latest_task(night)["taskArn"]}"' in row
    assert 'data-status="FAILED"' in row
    assert "rate(1 hour)" in row
    assert f'action="{PATH}/start"' in row
    assert "Pause nightly" in row


def test_the_page_of_a_job_shows_what_it_runs_what_starts_it_and_its_runs(
    night: EngineHarness, browser: Browser
) -> None:
    end_task(night, 3)
    page = browser.get(PATH)
    assert "Image busybox Command load --all" in page.text
    assert "nightly schedule rate(1 hour)" in page.text
    name = latest_task(night)["taskArn"].rpartition("/")[2]
    assert f"{name} failed exit code 3 schedule nightly" in page.text
    assert page.body.partition('class="upcoming"')[2].partition("</ol>")[0].count("<time") == 3


def test_start_runs_the_task_as_its_schedule_would(night: EngineHarness, browser: Browser) -> None:
    end_task(night, 0)
    page = browser.post(f"{PATH}/start", {})
    task = latest_task(night)
    assert task["startedBy"] == "lamplighter-console/nightly"
    assert task["overrides"]["containerOverrides"][0]["command"] == ["now"]
    assert task["taskArn"].rpartition("/")[2] in page.text
    assert "by hand in the console, as nightly would" in page.text


def test_a_form_that_is_sent_twice_starts_one_task(night: EngineHarness, browser: Browser) -> None:
    end_task(night, 0)
    once = browser.get(PATH).body.partition('name="once" value="')[2].partition('"')[0]
    locations = {browser.post_form(f"{PATH}/start", {"once": once}).headers["location"] for _ in range(2)}
    assert locations == {f"/tasks/{latest_task(night)['taskArn']}"}
    assert len(night.call("ecs", "ListLatestTasks")["Tasks"]) == 2


def test_a_stopped_task_leads_to_its_job_and_runs_again(night: EngineHarness, browser: Browser) -> None:
    first = latest_task(night)["taskArn"]
    assert "Run again" not in browser.get(f"/tasks/{first}").text
    end_task(night, 3)
    page = browser.get(f"/tasks/{first}")
    assert f'<a href="{PATH}">night</a>' in page.body
    assert "Started by schedule nightly" in page.text
    browser.post(f"/tasks/{first}/again", {})
    again = latest_task(night)
    assert (again["taskArn"] != first, again["startedBy"]) == (
        True,
        f"lamplighter-console/nightly/{first.rpartition('/')[2]}--again-1",
    )
    assert "by hand in the console, as nightly would" in browser.get(f"/tasks/{again['taskArn']}").text
    assert browser.post_form(f"/tasks/{first}/again", {}).headers["location"] == f"/tasks/{again['taskArn']}"
    assert latest_task(night) == again
    end_task(night, 3)
    assert "Run again" in browser.get(f"/tasks/{again['taskArn']}").text


def test_schedules_that_start_a_job_differently_are_a_choice(night: EngineHarness, browser: Browser) -> None:
    create_schedule(night, define(night), "monthly")
    night.settle()
    refused = browser.post(f"{PATH}/start", {})
    assert (refused.status, "Choose one of its schedules" in refused.text) == (409, True)
    page = browser.get(PATH)
    assert "Start as monthly" in page.text
    browser.post(f"{PATH}/start", {"like": f"{SCHEDULE}#"})
    assert latest_task(night)["startedBy"] == "lamplighter-console/nightly"


def test_a_schedule_can_be_paused_where_its_job_is_listed(night: EngineHarness, browser: Browser) -> None:
    fields = {"schedule": SCHEDULE, "kind": "schedule", "do": "pause", "back": PATH}
    assert "Resume" in browser.post("/jobs/schedule", fields).text


def test_the_runs_of_a_job_are_shown_page_by_page(night: EngineHarness, browser: Browser) -> None:
    for _ in range(51):
        night.call("ecs", "RunTask", taskDefinition="night", startedBy="chronos-schedule/nightly")
    night.settle()
    first = browser.get(PATH)
    second = browser.get(PATH + "?next=" + first.body.partition('href="?next=')[2].partition('"')[0])
    assert [page.body.count('<a class="mono" href="/tasks/') for page in (first, second)] == [50, 2]


def test_a_job_whose_schedule_is_deleted_keeps_its_page_while_it_has_runs(
    night: EngineHarness, browser: Browser
) -> None:
    end_task(night, 0)
    task = latest_task(night)["taskArn"]
    night.call("scheduler", "DeleteSchedule", Name="nightly")
    page = browser.get(PATH)
    assert "No schedule and no rule starts it any more" in page.text
    assert f'action="{PATH}/start"' not in page.body
    assert browser.post(f"{PATH}/start", {}).status == 409
    assert "Run again" not in browser.get(f"/tasks/{task}").text
    assert browser.get(f"/scheduled-tasks/{CLUSTER}/unknown").status == 404
    assert browser.get("/scheduled-tasks/nonsense").status == 400


def test_a_universal_schedule_names_its_cluster_in_its_own_way(harness: EngineHarness, browser: Browser) -> None:
    harness.call("ecs", "CreateCluster")
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "Input": dumps({"TaskDefinition": define(harness)})}
    harness.call(
        "scheduler", "CreateSchedule", Name="n", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"RoleArn": ROLE, **target},
    )  # fmt: skip
    harness.advance(HOUR)
    assert f'<a href="{PATH}">night</a>' in browser.get("/jobs").body
    assert f'<a href="{PATH}">night</a>' in browser.get(f"/tasks/{latest_task(harness)['taskArn']}").body


def test_the_task_of_a_run_leads_to_its_run(harness: EngineHarness, browser: Browser) -> None:
    harness.call("ecs", "CreateCluster")
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {"TaskDefinition": define(harness), "LaunchType": "EC2"}, "End": True,
    }  # fmt: skip
    execution = harness.start(harness.machine({"StartAt": "A", "States": {"A": state}}, "machine"), name="first")
    harness.settle()
    page = browser.get(f"/tasks/{latest_task(harness)['taskArn']}")
    assert f'<a href="/runs/{execution}">first</a>' in page.body
    assert "Job machine Attempt of the run first" in page.text
    assert "Run again" not in page.text


def test_over_aws_the_page_says_that_earlier_tasks_are_forgotten(
    night: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_task(night, 3)
    name = latest_task(night)["taskArn"].rpartition("/")[2]

    async def refuse(*_given: Json) -> None:
        """Answer as AWS, which has no operations of an engine."""

    monkeypatch.setattr(LocalPort, "call_internal", refuse)
    monkeypatch.setattr(LocalPort, "call", call_of_engine)
    page = browser.get(PATH)
    assert f"{name} failed exit code 3 schedule nightly" in page.text
    assert "AWS forgets a stopped task after an hour" in page.text


async def call_of_engine(
    port: LocalPort, place: Place, service: str, operation: str, params: Json, actor: Json = None
) -> Json:
    answer = await port.engine.call(Caller(place.account, place.region), service, operation, params, actor=actor)
    return loads(dump_bytes(answer))
