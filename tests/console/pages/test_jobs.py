"""The list of jobs."""

from pathlib import Path

import pytest

from lamplighter.base.errors import AccessDenied, Unavailable
from lamplighter.base.json_text import Json, dumps
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.jobs.stack.template import build_template
from lamplighter.store import file_faults
from lamplighter.store.file_faults import FaultKind
from tests.console.http_browser import Browser
from tests.engine_harness import ROLE, EngineHarness, chain
from tests.jobs.projects import load_job_text

PASS = {"Type": "Pass"}


def schedule_machine(harness: EngineHarness, machine: str, input: str = "{}") -> None:  # noqa: A002 - AWS's word
    target = {"Arn": machine, "RoleArn": ROLE, "Input": input}
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name="nightly",
        GroupName="default",
        ScheduleExpression="cron(0 18 * * ? *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )


def test_an_engine_without_jobs_shows_how_to_create_one(browser: Browser) -> None:
    assert "No jobs in us-east-1 yet" in browser.get("/jobs").text


def test_an_engine_without_problems_shows_no_notice(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine(PASS)
    assert "notice" not in browser.get("/jobs").body


def test_the_engine_s_problems_are_shown_with_what_to_do_the_worst_first(
    harness: EngineHarness, browser: Browser
) -> None:
    machine = harness.machine(chain(PASS))

    async def record() -> None:
        reason = "job <b>a</b>: no image"
        unapplied = FaultKind.UNAPPLIED
        await harness.engine.store.write(lambda tx: file_faults.record(tx, "jobs.yaml", unapplied, reason, 0))

    harness.run(record())
    harness.disk.fill("write")
    with pytest.raises(Unavailable):
        harness.start(machine)
    page = browser.get("/jobs")
    assert '<li class="severe"><strong>The data directory cannot be written: ' in page.body
    assert "Make room on the disk" in page.text
    assert "<strong>jobs.yaml is not applied: job &lt;b&gt;a&lt;/b&gt;: no image</strong>" in page.body
    assert "<code>lamplighter lint</code> and the log of <code>up</code> name each fault." in page.body
    assert page.text.index("The data directory") < page.text.index("is not applied")


def test_a_job_is_shown_with_its_last_runs_and_success_rate(harness: EngineHarness, browser: Browser) -> None:
    good = harness.run_machine(PASS, name="night")
    page = browser.get("/jobs")
    assert f'href="/runs/{good}"' in page.body
    assert 'data-status="SUCCEEDED"' in page.body
    assert "100 %" in page.text


def test_the_next_run_is_shown_in_the_schedule_s_time_zone(harness: EngineHarness, browser: Browser) -> None:
    schedule_machine(harness, harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, "night"))
    assert "Thu 01 Jan 18:00 –" in browser.get("/jobs").text
    assert "Thu 01 Jan 09:00" in browser.get("/jobs?zone=UTC").text


def test_a_schedule_is_paused_and_resumed_without_other_changes(harness: EngineHarness, browser: Browser) -> None:
    schedule_machine(harness, harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, "night"))
    before = harness.call("scheduler", "GetSchedule", Name="nightly")
    button = {"schedule": before["Arn"], "kind": "schedule", "back": "/jobs"}
    assert "Resume" in browser.post("/jobs/schedule", button | {"do": "pause"}).text
    paused = harness.call("scheduler", "GetSchedule", Name="nightly")
    assert paused["State"] == "DISABLED"
    assert "Pause" in browser.post("/jobs/schedule", button | {"do": "resume"}).text
    after = harness.call("scheduler", "GetSchedule", Name="nightly")
    assert after | {"LastModificationDate": 0} == before | {"LastModificationDate": 0}


def test_jobs_are_shown_page_by_page(harness: EngineHarness, browser: Browser) -> None:
    for number in range(26):
        harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, f"job-{number:02}")
    first = browser.get("/jobs")
    assert "job-24" in first.text
    assert "job-25" not in first.text
    assert "1 to 25 of 26 jobs" in first.text
    assert "job-25" in browser.get("/jobs?page=2").text


def test_jobs_are_found_by_a_part_of_their_name(harness: EngineHarness, browser: Browser) -> None:
    for name in ("import-orders", "Import-Stock", "report"):
        harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, name)
    page = browser.get("/jobs?find=import").text
    assert [name in page for name in ("import-orders", "Import-Stock", "report")] == [True, True, False]
    assert "No job has “nothing” in its name" in browser.get("/jobs?find=nothing").text


def test_a_full_page_of_jobs_is_no_larger_than_300_kilobytes(harness: EngineHarness, browser: Browser) -> None:
    for number in range(25):
        machine = harness.machine(
            {"StartAt": "A", "States": {"A": PASS | {"End": True}}}, f"a-job-with-a-name-{number:02}"
        )
        for _ in range(20):
            harness.start(machine)
    harness.settle()
    assert len(browser.get("/jobs").body.encode()) < 300_000


@pytest.mark.usefixtures("as_on_aws")
def test_credentials_that_may_not_list_schedules_still_show_the_jobs(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, "night")
    original = LocalPort.call

    async def deny_schedules(
        port: LocalPort, place: Place, service: str, operation: str, params: Json, *_: Json
    ) -> Json:
        if service in ("scheduler", "events"):
            raise AccessDenied("not authorized to perform: scheduler:ListSchedules")
        return await original(port, place, service, operation, params)

    monkeypatch.setattr(LocalPort, "call", deny_schedules)
    page = browser.get("/jobs")
    assert "night" in page.text
    assert "these credentials are not allowed to list schedules" in page.text


def test_links_keep_the_chosen_region(harness: EngineHarness, browser: Browser) -> None:
    harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, "night")
    region_query = "?account=123456789012&amp;region=eu-west-1"
    body = browser.get("/jobs?region=eu-west-1").body
    assert f'href="/{region_query}"' in body
    assert f'href="/queues{region_query}"' in body
    assert "night" not in browser.get("/jobs?account=123456789012&region=eu-west-1").text
    assert 'href="/queues"' in browser.get("/jobs").body


def test_a_job_whose_schedule_was_never_due_is_not_called_on_time(harness: EngineHarness, browser: Browser) -> None:
    schedule_machine(harness, harness.machine(chain(PASS), "nightly"))
    assert "all on time" not in browser.get("/jobs").text


def test_a_paused_job_that_never_ran_is_not_called_punctual(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine({"StartAt": "A", "States": {"A": PASS | {"End": True}}}, "night")
    schedule_machine(harness, machine)
    assert "never ran" in browser.get("/jobs").text
    assert "never ran: night · lamplighter" in browser.get(f"/jobs/{machine}").text
    (arn,) = (each["Arn"] for each in harness.call("scheduler", "ListSchedules")["Schedules"])
    browser.post("/jobs/schedule", {"schedule": arn, "kind": "schedule", "do": "pause", "back": "/jobs"})
    row = browser.get("/jobs").text.partition(" night ")[2]
    assert "never ran" in row
    assert "paused" in row
    assert "on time" not in row
    assert "Next runs paused" in browser.get(f"/jobs/{machine}").text


def test_the_watch_machine_is_no_job_and_has_no_start_button(harness: EngineHarness, browser: Browser) -> None:
    harness.machine(chain(PASS), "shop-night")
    watch = harness.machine(chain({"Type": "Wait", "Seconds": 60}), "shop--watch")
    harness.start(watch)
    harness.settle()
    page = browser.get("/jobs")
    assert "Start shop-night" in page.body
    assert "Start shop--watch" not in page.body
    assert f'href="/jobs/{watch}"' in page.body
    assert f'action="/jobs/{watch}/start"' not in browser.get(f"/jobs/{watch}").body


def test_many_skipped_runs_do_not_hide_an_earlier_failed_run(harness: EngineHarness, browser: Browser) -> None:
    """A run takes hours and a slot comes every minute, so the run is no longer among the latest runs."""
    skip = {
        "Type": "Succeed",
        "QueryLanguage": "JSONata",
        "Output": {"skipped": True, "running": "{% [$states.input.beside] %}"},
    }
    rule = {"Variable": "$.beside", "IsPresent": True, "Next": "S"}
    states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "F"}, "F": {"Type": "Fail"}, "S": skip}
    machine = harness.machine({"StartAt": "C", "States": states}, "night")
    failed = harness.start(machine, {})
    harness.settle()
    for _ in range(25):
        harness.advance(1000)
        harness.start(machine, {"beside": failed})
    harness.settle()
    page = browser.get("/jobs")
    assert f'<a class="quiet" href="/runs/{failed}">failed' in page.body
    assert "then skipped 20×" in page.text


def test_a_job_has_its_short_name_and_a_step_names_its_workflow(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    jobs = 'nightly: {workflow: flow.json}\n  extract: {image: "alpine:3", command: "true"}'
    flow = dumps({"StartAt": "A", "States": {"A": {"Job": "extract", "Type": "Task", "End": True}}})
    project = load_job_text(tmp_path, f"project: shop\njobs:\n  {jobs}\n", flow_json=flow).project
    body = dumps(build_template(project, "here"))
    harness.call("cloudformation", "CreateStack", StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    harness.settle()
    text = browser.get("/jobs").text
    assert "extract shop as a step of nightly" in text
    assert "nightly shop never ran" in text


@pytest.mark.parametrize(("times", "period"), [(2, "2 missed in 30 days"), (120, "99 missed of the latest 100")])
def test_missed_slots_are_counted_within_a_period(
    harness: EngineHarness, browser: Browser, times: int, period: str
) -> None:
    schedule_machine(harness, harness.machine(chain(PASS), "night"))
    sql = """
        INSERT INTO slots (schedule, slot, until, count, due, outcome)
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
        SELECT (SELECT id FROM schedules), ?2 + n, ?2 + n, 1, ?2 + n, iif(n = 99, 'DELIVERED', 'MISSED')
        FROM numbers
    """

    async def insert() -> None:
        now = harness.engine.world.now()
        await harness.engine.store.write(lambda tx: tx.execute(sql, (times, now)))

    harness.run(insert())
    assert period in browser.get("/jobs").text
