"""On AWS, each failed run is told once, also if an event of it is lost, comes twice, or belongs to another project."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.jobs.machine.overlap_states import RETRY_READ
from lamplighter.jobs.stack.alerting.project_rules import MAX_LISTED_NAMES
from lamplighter.jobs.stack.template import build_template, to_json
from tests.engine_harness import ACCOUNT, REGION
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text
from tests.jobs.test_alerts import AlertHarness

RUN_FAILED = "notify: {run-failed: q}"
QUEUES = {"q": "alerts", "other": "others"}
"""The queues of two channels."""
MACHINES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def set_rule(harness: AlertHarness, operation: str, rule: str) -> None:
    """Call an operation on a rule of the project."""
    harness.call("events", operation, Name=f"p--{rule}")


def pass_minutes(harness: AlertHarness, minutes: int) -> None:
    for _ in range(minutes):
        harness.advance(60_000)


def test_a_failed_run_is_told_with_its_exit_code_its_times_and_its_last_lines(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, f"timezone: Asia/Seoul\nretry: {{attempts: 1, interval: 10s}}\n{RUN_FAILED}", url="")
    harness.runtime.script(Script(code=137, lines=(("stdout", "rows: 1000"), ("stdout", "rows: 2000"))))
    execution = harness.run_job()
    (alert,) = harness.alerts()
    assert alert == (
        "job failed: killed (exit code 137) after 2 attempts\n\n"
        "Exit code: 137: it was killed (SIGKILL), possibly because memory ran out\n"
        "Attempt:   2 of 2\n"
        "Started:   Thu 2026-01-01 09:00:00 (Asia/Seoul)\n"
        "Ended:     Thu 2026-01-01 09:00:20 (Asia/Seoul)\n"
        "Duration:  20 s\n"
        "Project:   p\n"
        f"Look at:   https://{REGION}.console.aws.amazon.com/states/home?region={REGION}#/v2/executions/details/{execution}\n"
        f"Run again: lamplighter run p-job --aws --region {REGION}\n"
        "\nLast lines:\n  rows: 1000\n  rows: 2000\n"
    )


def test_a_lost_event_is_told_within_fifteen_minutes_by_the_alarm(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    set_rule(harness, "DisableRule", "failed-runs")
    harness.runtime.script(Script(code=3))
    harness.run_job(minutes=10)
    (alert,) = harness.alerts()
    assert alert.startswith("job failed: exit code 3\n")


def test_a_lost_event_of_a_job_that_goes_on_failing_is_told_when_the_alarm_ends(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    harness.runtime.script(Script(code=3))
    harness.run_job(minutes=1)
    set_rule(harness, "DisableRule", "failed-runs")
    lost = harness.run_job(minutes=1)
    set_rule(harness, "EnableRule", "failed-runs")
    harness.run_job(minutes=1)
    pass_minutes(harness, 15)
    alerts = harness.alerts()
    assert len(alerts) == 3
    assert len([each for each in alerts if lost in each]) == 1


def test_a_failure_is_told_once_although_both_events_come_and_come_twice(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job(minutes=15)
    ended = harness.describe(execution)["stopDate"] * 1000
    for _ in range(2):
        harness.start(f"{MACHINES}p--failures", {"run": execution, "ended": ended})
        harness.settle()
    assert len(harness.alerts()) == 1


def test_a_new_alarm_that_finds_no_failure_starts_no_search(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    pass_minutes(harness, 10)
    (alarm,) = harness.call("monitoring", "DescribeAlarms", AlarmNames=["p-job-failed"])["MetricAlarms"]
    assert alarm["StateValue"] == "OK"
    assert harness.call("states", "ListExecutions", stateMachineArn=f"{MACHINES}p--failures")["executions"] == []


def test_a_read_is_repeated_until_500_throttled_ones_had_their_turn() -> None:
    (retry,) = RETRY_READ
    waits = [min(retry["IntervalSeconds"] * 2**at, retry["MaxDelaySeconds"]) for at in range(retry["MaxAttempts"])]
    burst, per_second = 100, 2
    assert sum(waits) / 2 > (500 - burst) / per_second  # with jitter, a wait takes half its length on average
    assert sum(waits) < 15 * 60


def test_an_alert_arrives_in_a_queue_although_its_log_and_its_cause_have_codes_of_a_terminal(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    lines = ("\x1b[1;31mERROR\x1b[0m no\x07 disk 😀", "\x1b]0;title\x07next\u202e [x] {y}")
    harness.runtime.script(Script(code=3, lines=tuple(("stdout", each) for each in lines)))
    harness.run_job()
    (alert,) = harness.alerts()
    assert alert.endswith("\nLast lines:\n  ERROR no  disk 😀\n  next [x] {y}\n")
    steps = 'StartAt: A\nStates: {A: {Type: Fail, Error: Broken, Cause: "\\e[31mno\\u0007 disk"}}'
    harness.deploy(tmp_path, "", steps, url="", steps_options=f", {RUN_FAILED}")
    harness.run_job(name="p-steps")
    assert "steps failed: Broken: no  disk" in [each.splitlines()[0] for each in harness.alerts()]


LARGE_INPUT = {"rows": ["a"] * 50_000}
"""An input of 200 KB, which is larger than 256 KiB where it is quoted."""


def test_a_failed_run_is_told_although_its_input_is_too_large_to_describe_the_run(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    execution = harness.start(f"{MACHINES}p-job", LARGE_INPUT)
    pass_minutes(harness, 25)
    (alert,) = harness.alerts()
    assert alert.startswith("job failed: States.DataLimitExceeded: ")
    assert execution in alert


def test_a_late_run_is_told_although_its_input_is_too_large_to_describe_the_run(
    harness: AlertHarness, tmp_path: Path
) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Wait, Seconds: 7200, Next: B}, B: {Type: Task, Job: job, End: true}}"
    harness.deploy(tmp_path, "", steps, url="", steps_options=", late: 5m, notify: {late: q}")
    harness.start(f"{MACHINES}p-steps", LARGE_INPUT)
    pass_minutes(harness, 25)
    (alert,) = harness.alerts()
    assert alert.startswith("steps is late: still running after 5m\n")


def test_a_run_that_fails_again_after_a_redrive_is_told_again(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job()
    harness.redrive(execution)
    assert sorted("Redriven" in each for each in harness.alerts()) == [False, True]


def deploy_jobs(harness: AlertHarness, folder: Path, project: str, jobs: list[str]) -> None:
    """Deploy a project with jobs that fail and alert the queue."""
    queue = f"{{sqs: 'arn:aws:sqs:{REGION}:{ACCOUNT}:alerts'}}"
    text = "".join(f"  {each}: {{image: busybox, {RUN_FAILED}}}\n" for each in jobs)
    file = f"project: {project}\nchannels: {{q: {queue}}}\njobs:\n{text}"
    document = build_template(load_job_text(folder, file).project)
    harness.create(to_json(document), name=project, Capabilities=["CAPABILITY_IAM"])
    assert harness.state(project) == "CREATE_COMPLETE"


def test_the_rule_of_many_jobs_tells_nothing_of_a_project_whose_name_begins_with_the_same_words(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    deploy_jobs(harness, tmp_path, "p", [f"job-{at}" for at in range(MAX_LISTED_NAMES + 1)])
    deploy_jobs(harness, tmp_path, "p-prod", ["job"])
    harness.runtime.script(Script(code=3))
    harness.run_job(name="p-prod-job")
    harness.runtime.script(Script(code=4))
    harness.run_job(name="p-job-12", minutes=10)
    assert [each.splitlines()[0] for each in harness.alerts()] == [
        "job failed: exit code 3",
        "job-12 failed: exit code 4",
    ]
    stranger = harness.call("states", "ListExecutions", stateMachineArn=f"{MACHINES}p--failures")["executions"]
    assert {each["status"] for each in stranger} == {"SUCCEEDED"}


def test_a_test_of_a_channel_takes_the_way_of_a_failed_run_to_that_channel_alone(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.call("sqs", "CreateQueue", QueueName="others")
    body = f"image: busybox, {RUN_FAILED.replace('q}', '[q, other]}')}"
    sqs = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    channels = "".join(f"  {name}: {{sqs: '{sqs}:{queue}'}}\n" for name, queue in QUEUES.items())
    project = load_job_text(tmp_path, f"project: p\nchannels:\n{channels}jobs: {{job: {{{body}}}}}\n").project
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    harness.create(to_json(build_template(project)), name="p", Capabilities=["CAPABILITY_IAM"])
    assert harness.state("p") == "CREATE_COMPLETE"
    test = harness.start(f"{MACHINES}p--failures", {"test": "q"}, name="test-q-1")
    pass_minutes(harness, 25)
    (alert,) = harness.alerts()
    assert alert.startswith("test of the channel q: nothing failed, and alerts about failed runs arrive here\n\n")
    assert test in alert
    assert f"Run again: lamplighter alert q --aws --region {REGION}\n" in alert
    url = harness.call("sqs", "GetQueueUrl", QueueName="others")["QueueUrl"]
    assert "Messages" not in harness.call("sqs", "ReceiveMessage", QueueUrl=url)


def test_an_execution_that_looks_like_a_test_and_names_no_channel_tells_nothing(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, RUN_FAILED, url="")
    harness.start(f"{MACHINES}p--failures", {"test": "gone"}, name="test-gone")
    harness.start(f"{MACHINES}p--failures", {}, name="test-nothing")
    pass_minutes(harness, 25)
    assert harness.alerts() == []
    found = harness.call("states", "ListExecutions", stateMachineArn=f"{MACHINES}p--failures")["executions"]
    assert {each["status"] for each in found} == {"SUCCEEDED"}
    assert len([each for each in found if each["name"].startswith("failed-")]) == 2
