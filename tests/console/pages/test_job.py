"""The page of a job: what it is, how its last runs went, and the table of its runs."""

import html
import re
from pathlib import Path

import pytest

from lamplighter.base.errors import AccessDenied
from lamplighter.base.json_text import Json, dumps
from lamplighter.console.page import PART_HEADER
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.jobs.stack.template import build_template
from tests.console.http_browser import Browser, Response
from tests.engine_harness import ACCOUNT, DAY, REGION, ROLE, SECOND, EngineHarness, chain
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text

DIGEST = "sha256:" + "0123456789abcdef" * 4
JOB_FILE = f"""
project: shop
channels:
  ops: {{email: ops@example.com}}
  hook: {{webhook: "https://hooks.example.com/path?token=verysecret"}}
  chat: {{slack: "https://hooks.slack.com/services/T0/B0/verysecret"}}
jobs:
  night:
    description: Sums up the day. <b>Finance</b> reads it at 8.
    image: registry.example.com/team/report:2@{DIGEST}
    command: echo "$REPORT"; exit 3
    cpu: 0.5 vCPU
    memory: 1GB
    environment: {{REPORT: daily, DB_PASSWORD: hunter2}}
    tags: {{Owner: data team, cost-center: "4711"}}
    schedule: cron(30 2 * * ? *)
    timezone: Europe/Berlin
    timeout: 10m
    deadline: 2h
    late: 30m
    overlap: queue
    queue-length: 5
    retry: {{attempts: 1, interval: 10s, exit: {{codes: [75, 76], attempts: 2, interval: 1m}}}}
    notify: {{run-failed: ops, recovered: ops, late: [chat, hook]}}
  check: {{image: "alpine:3", command: [check, --all], timeout: 5m, secrets: {{API_KEY: "ssm:/shop/key"}}}}
  flow: {{workflow: flow.json, overlap: skip}}
"""
FLOW = dumps({
    "StartAt": "Sum",
    "States": {
        "Sum": {"Job": "night", "Type": "Task", "Next": "Check"},
        "Check": {"Job": "check", "Type": "Task", "End": True},
    },
})  # fmt: skip


SLOT = 90 * 60 * SECOND
"""The milliseconds until the first slot of the job `night`."""


def create_stack(harness: EngineHarness, folder: Path) -> None:
    """Put the job file into the engine as `lamplighter up` does."""
    project = load_job_text(folder, JOB_FILE, flow_json=FLOW).project
    body = dumps(build_template(project, "here"))
    harness.call("cloudformation", "CreateStack", StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    harness.settle()


def job_arn(name: str) -> str:
    """Return the ARN of a job's state machine."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def open_job(browser: Browser, name: str, query: str = "") -> Response:
    """Open the page of a job."""
    page = browser.get(f"/jobs/{job_arn(name)}{query}")
    assert page.status == 200
    return page


def copy_runs(harness: EngineHarness, number: int, status: str = "SUCCEEDED") -> None:
    """Copy the first run so often, a minute apart."""
    sql = """
        INSERT INTO executions (arn, machine, revision, name, role, status, start, stop, input, counters, origin)
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
        SELECT arn || '-' || ?2 || n, machine, revision, name || '-' || ?2 || n, role, ?2, start + n * 60000,
            start + n * 60000 + 1000 * n, input, counters, origin
        FROM (SELECT * FROM executions ORDER BY id LIMIT 1), numbers
    """

    async def insert() -> None:
        await harness.engine.store.write(lambda tx: tx.execute(sql, (number, status)))

    harness.run(insert())


# --- what the job is --------------------------------------------------------------------------------------------------


FACTS = (
    "Sums up the day. <b>Finance</b> reads it at 8.",
    'Command echo "$REPORT"; exit 3',
    "Image report:2 shop-night:1",
    "Size 0.5 vCPU, 1 GiB",
    "An attempt may take 10 min 00 s",
    "exit code 75 or 76: twice, after 1 min 00 s and 2 min 00 s",
    "any other failure: once, after 10 s",
    "A run may take 2 h 00 min, is late after 30 min 00 s",
    "a run waits until the earlier ones have ended; at most 5 wait",
    "ops mail ops@example.com if a run failed or it works again",
    "hook webhook hooks.example.com if a run is late",
    "chat Slack hooks.slack.com if a run is late",
    "Owner data team",
    "Tags cost-center: 4711",
    "2 variables REPORT= daily DB_PASSWORD= ••••••",
)
"""What the page of the job `night` says, one after the other."""


def test_the_page_says_what_the_job_file_says(harness: EngineHarness, browser: Browser, tmp_path: Path) -> None:
    create_stack(harness, tmp_path)
    text = open_job(browser, "shop-night").text
    assert [fact for fact in FACTS if fact not in text] == [], text


def test_the_metadata_of_a_job_needs_no_list_of_its_stack_s_resources(
    harness: EngineHarness, browser: Browser, tmp_path: Path, as_on_aws: list[str]
) -> None:
    create_stack(harness, tmp_path)
    assert "ops mail ops@example.com if a run failed" in open_job(browser, "shop-night").text
    assert as_on_aws.count("DescribeStackResource") == 1
    assert not {"DescribeStackResources", "ListStackResources"} & {*as_on_aws}


def test_no_secret_is_on_the_page_and_the_digest_of_the_image_is(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    create_stack(harness, tmp_path)
    body = open_job(browser, "shop-night").body
    assert "verysecret" not in body
    assert "hunter2" not in body
    assert f'title="registry.example.com/team/report:2@{DIGEST}"' in body


def test_a_job_without_a_description_retries_and_alerts_says_so(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    create_stack(harness, tmp_path)
    text = open_job(browser, "shop-check").text.partition("Definition")[0]
    assert "The job check of shop" not in text
    assert "Command check --all" in text
    for fact in (
        "Retries none",
        "A run has no deadline runs may overlap",
        "Told nobody",
        "API_KEY= •••••• from arn:aws:ssm:",
    ):
        assert fact in text


def test_a_workflow_shows_each_step_with_its_image_command_and_retries(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    create_stack(harness, tmp_path)
    text = open_job(browser, "shop-flow").text
    assert "a run is skipped while another one is running" in text
    sum_step, check_step = text.index("Sum report:2"), text.index("Check alpine:3")
    assert sum_step < text.index("exit code 75 or 76: twice") < check_step < text.index("check --all")


def test_a_machine_that_no_job_file_made_shows_what_its_definition_says(
    harness: EngineHarness, browser: Browser
) -> None:
    retry = [{"ErrorEquals": ["Sales.Missing"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1}]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "https://sqs/x", "MessageBody": "y"},
        "TimeoutSeconds": 90,
        "Retry": retry,
    }
    harness.machine({**chain(state), "Comment": "Tells them", "TimeoutSeconds": 600}, "own")
    text = open_job(browser, "own").text
    assert "Tells them" in text
    assert "Calls sqs:sendMessage https://sqs/x An attempt may take 1 min 30 s" in text
    assert "Sales.Missing : twice, after 3 s each" in text
    assert "A run may take 10 min 00 s" in text
    assert "Told" not in text


@pytest.mark.parametrize("service", ["cloudformation", "ecs", "sns", "scheduler", "events"])
def test_a_missing_permission_hides_the_fact_and_not_the_page(
    harness: EngineHarness, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    create_stack(harness, tmp_path)
    original = LocalPort.call

    async def deny(port: LocalPort, place: Place, called: str, operation: str, params: Json, *more: Json) -> Json:
        if called == service or operation == "ListTagsForResource":
            raise AccessDenied(f"not authorized to perform: {called}:{operation}")
        return await original(port, place, called, operation, params, *more)

    monkeypatch.setattr(LocalPort, "call", deny)
    assert "any other failure: once, after 10 s" in open_job(browser, "shop-night").text


# --- when it starts ---------------------------------------------------------------------------------------------------


def test_the_next_three_slots_are_shown_and_a_time_that_clocks_skip(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    harness.advance(86 * DAY)  # 28 March
    create_stack(harness, tmp_path)
    text = open_job(browser, "shop-night").text
    assert "Sun 29 Mar 02:30 Europe/Berlin clocks skip this time: no run Mon 30 Mar 02:30 Tue 31 Mar 02:30 " in text


def test_an_event_rule_that_starts_the_job_is_named(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Pass"}), "own")
    harness.call("events", "PutRule", Name="sold", EventPattern='{"source": ["shop"]}')
    harness.call("events", "PutTargets", Rule="sold", Targets=[{"Id": "own", "Arn": machine, "RoleArn": ROLE}])
    entry = {"Source": "shop", "DetailType": "sale", "Detail": "{}"}
    harness.call("events", "PutEvents", Entries=[entry])
    harness.settle()
    page = open_job(browser, "own")
    assert "Schedule event rule sold" in page.text
    assert "succeeded rule sold" in page.text


# --- how its runs went ------------------------------------------------------------------------------------------------


def test_a_failed_run_shows_its_slot_its_trigger_its_error_and_its_attempts(
    harness: EngineHarness, browser: Browser, tmp_path: Path
) -> None:
    create_stack(harness, tmp_path)
    harness.runtime.script(Script(code=3))
    harness.advance(SLOT)
    harness.advance(10 * SECOND)  # the wait before the retry
    page = open_job(browser, "shop-night")
    row = page.text.partition("Took")[2]
    assert "failed schedule shop-night for Thu 01 Jan 02:30 exit code 3 2 failed 10 s" in row


def test_a_run_by_hand_is_told_from_one_that_another_machine_started(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Pass"}), "own")
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": machine},
    }
    parent = harness.start(harness.machine(chain(state), "parent"), name="p1")
    harness.settle()
    harness.advance(SECOND)
    browser.post_form(f"/jobs/{machine}/start", {})
    page = open_job(browser, "own")
    assert re.search(r"succeeded by hand .* succeeded run parent:p1", page.text)
    assert f'href="/runs/{parent}"' in page.body


def test_success_is_counted_over_thirty_days_with_the_numbers(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 5)
    copy_runs(harness, 2, "FAILED")
    harness.advance(DAY)
    text = open_job(browser, "own").text
    assert "Succeeded in 30 days 75 % 6 succeeded , 2 failed" in text
    assert "Typical 2.5 s" in text
    harness.advance(31 * DAY)
    assert "Succeeded in 30 days – Typical" in open_job(browser, "own").text


def test_each_mark_of_the_chart_links_to_its_run(harness: EngineHarness, browser: Browser) -> None:
    run = harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 3, "FAILED")
    body = open_job(browser, "own").body
    chart = body.partition('<svg class="durations" width="100%"')[2].partition("</figcaption>")[0]
    assert re.findall(r'<a href="/runs/([^"]+)"', chart) == [run, *(f"{run}-FAILED{at}" for at in (1, 2, 3))]
    assert "Durations of the last 4 runs: 1 succeeded, 3 failed" in chart
    assert chart.count('class="mark" data-status="FAILED"') == 4  # three runs and the key


# --- pages, filters and orders ----------------------------------------------------------------------------------------


def listed_runs(page: Response) -> list[str]:
    """Return the names of the runs in the table."""
    table = page.body.partition('<table class="runs">')[2].partition("</table>")[0]
    return [each.rpartition(":")[2] for each in re.findall(r'<th scope="row"><a href="/runs/([^"]+)"', table)]


def test_ten_thousand_runs_have_numbered_pages_and_need_as_many_calls_as_three(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 2)
    calls: list[str] = []
    original = LocalPort.call_internal

    async def count(port: LocalPort, place: Place, service: str, operation: str, *more: Json) -> Json:
        calls.append(operation)
        return await original(port, place, service, operation, *more)

    monkeypatch.setattr(LocalPort, "call_internal", count)
    open_job(browser, "own")
    few, calls[:] = len(calls), []
    copy_runs(harness, 9_997, "FAILED")
    page = open_job(browser, "own")
    assert len(calls) <= few
    assert len(listed_runs(page)) == 50
    assert "1 2 3 … 200 Next 1 to 50 of 10000 runs" in page.text
    calls.clear()
    last = open_job(browser, "own", "?page=200")
    assert len(calls) <= few
    assert "Previous 1 … 198 199 200 9951 to 10000" in last.text
    assert listed_runs(open_job(browser, "own", "?page=777")) == listed_runs(last)


def test_runs_are_filtered_by_status_with_counts_and_the_filter_stays_in_the_url(
    harness: EngineHarness, browser: Browser
) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 60, "FAILED")
    page = open_job(browser, "own", "?status=FAILED")
    assert "All runs 61 Succeeded 1 Failed 60" in page.text
    assert all("-FAILED" in each for each in listed_runs(page))
    following = html.unescape(page.body.partition('rel="next" href="')[2].partition('"')[0])
    assert len(listed_runs(open_job(browser, "own", following))) == 10


def test_runs_are_filtered_by_time_in_the_zone_of_the_page(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")  # at midnight UTC
    copy_runs(harness, 10)
    found = listed_runs(open_job(browser, "own", "?zone=Asia/Seoul&from=2026-01-01T09:03&to=2026-01-01T09:04:59"))
    assert [each.rpartition("-")[2] for each in found] == ["SUCCEEDED4", "SUCCEEDED3"]
    wrong = browser.get(f"/jobs/{job_arn('own')}?from=yesterday")
    assert (wrong.status, "`yesterday` is no time. Write it as 2026-01-31T18:00" in wrong.text) == (400, True)


def test_runs_are_filtered_by_what_started_them(harness: EngineHarness, browser: Browser, tmp_path: Path) -> None:
    create_stack(harness, tmp_path)
    harness.advance(SLOT)
    by_hand = harness.start(job_arn("shop-night"), name="by-hand")
    harness.settle()
    assert len(listed_runs(open_job(browser, "shop-night"))) == 2
    assert listed_runs(open_job(browser, "shop-night", "?trigger=outside")) == [by_hand.rpartition(":")[2]]
    schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/shop/shop-night"
    page = open_job(browser, "shop-night", f"?trigger={schedule}")
    assert len(listed_runs(page)) == 1
    assert f'<option value="{schedule}" selected>schedule shop-night</option>' in page.body


def test_runs_are_sorted_by_start_and_by_duration(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 3)
    orders = {order: listed_runs(open_job(browser, "own", f"?order={order}"))[0] for order in ("oldest", "longest")}
    assert [each.rpartition("-")[2] for each in orders.values()][1] == "SUCCEEDED3"
    assert "SUCCEEDED" not in orders["oldest"]
    assert browser.get(f"/jobs/{job_arn('own')}?order=random").status == 400


def test_the_table_alone_is_what_the_page_loads_again(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 60, "FAILED")
    part = browser.get(f"/jobs/{job_arn('own')}?status=FAILED&page=2", **{PART_HEADER: "1"})
    assert part.body.startswith('<div id="runs"')
    assert len(listed_runs(part)) == 10
    assert 'href="?status=FAILED&amp;page=1"' in part.body


# --- AWS --------------------------------------------------------------------------------------------------------------


def test_on_aws_pages_are_found_by_remembered_tokens(
    harness: EngineHarness, browser: Browser, as_on_aws: list[str]
) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 119)
    first = open_job(browser, "own")
    assert "page 1 Next" in first.text
    assert "AWS lists runs newest first, and by status alone." in first.text
    as_on_aws.clear()
    second = open_job(browser, "own", "?page=2")
    assert "Previous page 2 Next" in second.text
    assert as_on_aws.count("ListExecutions") == 2  # the page, and the last runs for the chart
    third = open_job(browser, "own", "?page=3")
    assert len({*listed_runs(first), *listed_runs(second), *listed_runs(third)}) == 120
    assert "Next" not in third.text.partition("page 3")[2]


def test_on_aws_a_page_whose_token_is_unknown_is_read_from_the_first_one(
    harness: EngineHarness, browser: Browser, as_on_aws: list[str]
) -> None:
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 119)
    assert len(listed_runs(open_job(browser, "own", "?page=3"))) == 20
    assert as_on_aws.count("ListExecutions") == 4
    assert "page 3" in open_job(browser, "own", "?page=9").text


def test_on_aws_failed_runs_are_described_for_their_errors_and_the_last_runs_are_counted(
    harness: EngineHarness, browser: Browser, as_on_aws: list[str]
) -> None:
    harness.run_machine({"Type": "Fail", "Error": "Sales.Missing", "Cause": "no sales"}, name="own")
    copy_runs(harness, 3)
    text = open_job(browser, "own").text
    assert "Sales.Missing: no sales" in text
    assert as_on_aws.count("DescribeExecution") == 1
    assert "Succeeded in 30 days 75 % 3 succeeded , 1 failed" in text


def test_on_aws_the_page_says_how_many_runs_are_counted(
    harness: EngineHarness, browser: Browser, as_on_aws: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_on_aws == []
    monkeypatch.setattr("lamplighter.console.data.jobs.job_runs.AWS_PAGE_SIZE", 10)
    monkeypatch.setattr("lamplighter.console.data.jobs.job_runs.CALLS_PER_LIST", 500)
    harness.run_machine({"Type": "Pass"}, name="own")
    copy_runs(harness, 30, "FAILED")
    assert "Succeeded of the last 20 runs 0 % 20 failed" in open_job(browser, "own").text
