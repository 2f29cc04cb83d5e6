"""Which failures of a job send which alerts, with the template deployed as a stack and a queue as the channel.

The facts that the local engine adds to an alert are tested with `services/alerts`.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.jobs.stack.template import build_template, to_json
from lamplighter.runtime.port import CannotStart, ContainerSpec
from tests.engine_harness import ACCOUNT, REGION
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
URL = "http://127.0.0.1:4566"
AWS_CONSOLE = f"https://{REGION}.console.aws.amazon.com/states/home?region={REGION}#/v2/executions/details/"


class AlertHarness(CloudFormationHarness):
    """An engine with CloudFormation whose jobs send their alerts to a queue."""

    def deploy(self, folder: Path, body: str, steps: str = "", *, url: str = URL, steps_options: str = "") -> None:
        """Create or update a stack of one job, and of a workflow if `steps` is given; an empty `url` means AWS."""
        self.call("sqs", "CreateQueue", QueueName="alerts")
        channels = f"channels: {{q: {{sqs: '{QUEUE}'}}}}"
        jobs = f"  job:\n    image: busybox\n{indent(body, '    ')}\n"
        if steps:
            jobs += f"  steps: {{workflow: steps.yaml{steps_options}}}\n"
        project = load_job_text(folder, f"project: p\n{channels}\njobs:\n{jobs}", steps_yaml=steps).project
        document = build_template(project, "here" if url else "aws")
        for resource in document["Resources"].values():
            resource.pop("Metadata", None)  # AWS ignores it
        existing = self.cloudformation("ListStacks")["StackSummaries"]
        deploy_stack = self.update if existing else self.create
        deploy_stack(to_json(document), values={"ConsoleUrl": url} if url else {}, Capabilities=["CAPABILITY_IAM"])
        assert self.state() == ("UPDATE_COMPLETE" if existing else "CREATE_COMPLETE"), self.reasons()

    def run_job(self, minutes: int = 5, name: str = "p-job", run: str | None = None) -> str:
        """Start the job, let `minutes` pass and return the run's ARN."""
        execution = self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}", name=run)
        for _ in range(minutes * 6):
            self.advance(10_000)
        return execution

    def redrive(self, execution: str, minutes: int = 5) -> None:
        """Redrive the run and let `minutes` pass."""
        self.call("states", "RedriveExecution", executionArn=execution)
        for _ in range(minutes * 6):
            self.advance(10_000)

    def alerts(self) -> list[str]:
        """Receive all messages of the queue and return their texts."""
        url = self.call("sqs", "GetQueueUrl", QueueName="alerts")["QueueUrl"]
        bodies = []
        while found := self.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in found]
        return [remove_line_quotes(each) for each in bodies]


def remove_line_quotes(text: str) -> str:
    """Remove the quotation marks that EventBridge leaves around each line of an input template."""
    return "\n".join(loads(line) for line in text.splitlines()) if text.startswith('"') else text


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def test_each_failed_attempt_sends_an_alert_and_the_run_sends_one(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1, interval: 10s}\nnotify: {attempt-failed: q, run-failed: q}")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job()
    alerts = harness.alerts()
    attempts = [each for each in alerts if each.startswith("job: attempt ")]
    assert len(attempts) == 2
    assert all("Exit code: 3" in each for each in attempts)
    assert sorted(line for each in attempts for line in each.splitlines() if "Attempt:" in line) == [
        "Attempt:   1 of 2",
        "Attempt:   2 of 2",
    ]
    assert all(f"Look at:   {URL}/runs/{execution}" in each for each in attempts)
    (run_alert,) = [each for each in alerts if each not in attempts]
    assert run_alert.startswith("job FAILED\n\nEnded:     2026-01-01T00:00:20Z\nProject:   p\n")
    assert f"Look at:   {URL}/runs/{execution}" in run_alert
    assert run_alert.rstrip().endswith("lamplighter run p-job")


def test_an_attempt_that_cannot_start_sends_an_alert_without_an_exit_code(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "notify: {attempt-failed: q}")
    harness.runtime.script(Script(failure=CannotStart("CannotStartContainerError: no such program")))
    harness.run_job()
    (alert,) = harness.alerts()
    assert "Stop code: TaskFailedToStart" in alert
    assert "\nCreated:   2026-01-01T00:00:00.000Z\nEnded:     2026-01-01T00:00:10.000Z\n" in alert
    assert "Started:" not in alert  # ECS states no start of a task that never started


def test_a_run_that_exceeds_its_deadline_sends_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "deadline: 1m\nnotify: {run-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    (alert,) = harness.alerts()
    assert alert.startswith("job TIMED_OUT\n")
    assert "Limits:    the run may take 1m\n" in alert


def test_an_attempt_that_exceeds_its_timeout_sends_an_alert_although_step_functions_stopped_it(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "timeout: 1m\nnotify: {attempt-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    (alert,) = harness.alerts()
    assert "Stop code: UserInitiated" in alert


def test_a_stopped_task_of_a_job_without_a_timeout_sends_no_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "deadline: 1m\nnotify: {attempt-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    assert harness.alerts() == []


@pytest.mark.parametrize("code", [0, 3])
def test_a_success_and_a_successful_retry_send_no_alert(harness: AlertHarness, tmp_path: Path, code: int) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1}\nnotify: {run-failed: q, caught: q}")
    harness.runtime.script(Script(code=code), lambda each: each.environment["LAMPLIGHTER_ATTEMPT"] == "1")
    harness.run_job()
    assert harness.alerts() == []


def test_a_caught_failure_sends_one_alert_from_the_run_with_the_last_log_lines(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1}\nnotify: {caught: q}", url="")
    harness.runtime.script(Script(lines=(("stderr", "no disk left"),), code=3))
    execution = harness.run_job()
    (alert,) = harness.alerts()
    assert alert.splitlines() == [
        "job failed: exit code 3 after 2 attempts",
        "",
        "Exit code: 3",
        "Attempt:   2 of 2",
        "Started:   Thu 2026-01-01 00:00:00 (UTC)",
        "Ended:     Thu 2026-01-01 00:00:20 (UTC)",
        "Duration:  20 s",
        "Project:   p",
        f"Look at:   {AWS_CONSOLE}{execution}",
        "Run again: lamplighter run p-job --aws --region us-east-1",
        "",
        "Last lines:",
        "  no disk left",
    ]


def test_a_sidecar_stops_when_the_job_ends_and_its_exit_code_does_not_fail_the_job(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "sidecars: {proxy: {image: envoy, environment: {SIDE: yes}}}\nnotify: {run-failed: q}")
    harness.runtime.script(Script(after=None), lambda each: each.image == "envoy")
    harness.runtime.script(Script(after=60_000), lambda each: each.image == "busybox")
    execution = harness.run_job()
    ended: Json = harness.describe(execution)
    assert ended["status"] == "SUCCEEDED"
    codes = {each["Name"]: each.get("ExitCode") for each in loads(ended["output"])["Containers"]}
    assert codes["main"] == 0
    assert harness.alerts() == []


SIDECAR = "sidecars: {proxy: {image: envoy}}\nnotify: {attempt-failed: q}\nretry: {attempts: 1, interval: 10s}"


def test_a_killed_sidecar_beside_a_successful_attempt_causes_no_alert_and_no_retry(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, SIDECAR)
    harness.runtime.script(Script(after=None, stop_code=137), lambda each: each.image == "envoy")
    execution = harness.run_job()
    assert harness.status(execution) == "SUCCEEDED"
    assert [each.image for each in harness.runtime.started.values()].count("busybox") == 1
    assert harness.alerts() == []


def test_a_failed_attempt_beside_a_sidecar_sends_an_alert_without_an_exit_code_and_is_retried(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, SIDECAR)
    harness.runtime.script(Script(after=None), lambda each: each.image == "envoy")
    harness.runtime.script(Script(code=3, after=1_000), lambda each: each.environment.get("LAMPLIGHTER_ATTEMPT") == "1")
    execution = harness.run_job()
    assert harness.status(execution) == "SUCCEEDED"
    (alert,) = harness.alerts()
    assert alert.splitlines()[:4] == [
        "job: an attempt failed",
        "",
        "Reason:    Essential container in task exited",
        "Created:   2026-01-01T00:00:00.000Z",
    ]
    assert "Stop code: EssentialContainerExited" in alert
    assert "Exit code" not in alert
    assert "Run again: lamplighter run p-job" in alert


def test_an_essential_sidecar_that_fails_fails_the_job(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "sidecars: {proxy: {image: envoy, essential: true}}\nnotify: {run-failed: q}")
    harness.runtime.script(Script(code=1), lambda each: each.image == "envoy")
    harness.runtime.script(Script(after=None, stop_code=0), lambda each: each.image == "busybox")
    assert harness.status(harness.run_job()) == "FAILED"


def test_a_caught_failure_of_a_sidecar_that_cannot_start_has_no_exit_code(
    harness: AlertHarness, tmp_path: Path
) -> None:
    """The job's own container ran and was stopped: its 143 is not the reason."""
    harness.deploy(tmp_path, "sidecars: {proxy: {image: envoy, essential: true}}\nnotify: {caught: q}", url="")
    harness.runtime.script(Script(failure=CannotStart("CannotStartContainerError: no such program")), is_proxy)
    harness.runtime.script(Script(after=None), lambda each: each.image == "busybox")
    assert harness.status(harness.run_job()) == "FAILED"
    (alert,) = harness.alerts()
    assert alert.splitlines()[0] == "job failed: CannotStartContainerError: no such program"


def is_proxy(container: ContainerSpec) -> bool:
    return container.image == "envoy"


def test_a_step_with_a_sidecar_succeeds_with_its_own_container(harness: AlertHarness, tmp_path: Path) -> None:
    step = "StartAt: S\nStates: {S: {Type: Task, Job: job, End: true, Output: '{% $states.result %}'}}"
    harness.deploy(tmp_path, SIDECAR, steps="QueryLanguage: JSONata\n" + step)
    harness.runtime.script(Script(after=None), lambda each: each.image == "envoy")
    execution = harness.run_job(name="p-steps")
    assert harness.status(execution) == "SUCCEEDED"
    assert {each["Name"] for each in loads(harness.describe(execution)["output"])["Containers"]} == {"main", "proxy"}


def test_a_running_run_keeps_its_definition_after_an_update_and_after_a_redrive(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "command: [first]\nretry: {attempts: 1, interval: 2m}")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job(minutes=1)
    harness.deploy(tmp_path, "command: [second]\nretry: {attempts: 1, interval: 2m}")
    for _ in range(20):
        harness.advance(10_000)
    assert harness.status(execution) == "FAILED"
    harness.redrive(execution)
    assert [each.command for each in harness.runtime.started.values()] == [("first",)] * 4


READY = "sidecars: {proxy: {image: envoy, ready: test -f /tmp/ready}}"


def test_a_job_starts_when_its_sidecar_is_ready(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, READY)
    harness.runtime.script(Script(after=None), is_proxy)
    execution = harness.run_job(minutes=1)
    assert harness.status(execution) == "RUNNING"
    (proxy,) = {name for operation, name in harness.runtime.calls if operation == "run"}
    harness.runtime.set_health(proxy, "HEALTHY")
    harness.advance(1000)
    assert harness.status(execution) == "SUCCEEDED"


def test_a_job_whose_sidecar_is_not_ready_in_two_minutes_fails(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"{READY}\nnotify: {{attempt-failed: q}}")
    harness.runtime.script(Script(after=None), is_proxy)
    assert harness.status(harness.run_job(minutes=3)) == "FAILED"
    (alert,) = harness.alerts()
    assert "has timed out." in alert
