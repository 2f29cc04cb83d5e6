"""Who is told of what, as AWS tells it: the template as a stack, a failing container, a queue where alerts arrive.

What the engine of this box adds where it knows more is tested with `services/alerts`.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.jobs.stack.template import build_template, to_json
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import CannotStart
from tests.engine_harness import ACCOUNT, REGION
from tests.jobs.projects import written
from tests.services.cloudformation.cloudformation_harness import CloudFormationHarness

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
URL = "http://127.0.0.1:4566"
AWS_CONSOLE = f"https://{REGION}.console.aws.amazon.com/states/home?region={REGION}#/v2/executions/details/"


class Desk(CloudFormationHarness):
    """An office whose jobs tell a queue."""

    def deploy(self, folder: Path, body: str, steps: str = "", *, url: str = URL, told: str = "") -> None:
        """Make a stack of one job, and of a workflow where there are steps; or change it. Without a URL as on AWS."""
        self.call("sqs", "CreateQueue", QueueName="alerts")
        channels = f"channels: {{q: {{sqs: '{QUEUE}'}}}}"
        jobs = f"  job:\n    image: busybox\n{indent(body, '    ')}\n"
        if steps:
            jobs += f"  steps: {{workflow: steps.yaml{told}}}\n"
        document = build_template(written(folder, f"project: p\n{channels}\njobs:\n{jobs}", steps_yaml=steps).project)
        for resource in document["Resources"].values():
            resource.pop("Metadata", None)  # AWS takes no notice of it
        there = self.cloudformation("ListStacks")["StackSummaries"]
        act = self.update if there else self.create
        act(to_json(document), values={"ConsoleUrl": url}, Capabilities=["CAPABILITY_IAM"])
        assert self.state() == ("UPDATE_COMPLETE" if there else "CREATE_COMPLETE"), self.reasons()

    def run_job(self, minutes: int = 5, name: str = "p-job") -> str:
        """Run the job to its end; the ARN of the run."""
        execution = self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}")
        for _ in range(minutes * 6):
            self.advance(10_000)
        return execution

    def redrive(self, execution: str, minutes: int = 5) -> None:
        """Go on with a run where it failed."""
        self.call("states", "RedriveExecution", executionArn=execution)
        for _ in range(minutes * 6):
            self.advance(10_000)

    def alerts(self) -> list[str]:
        """What has come to the queue."""
        url = self.call("sqs", "GetQueueUrl", QueueName="alerts")["QueueUrl"]
        told = []
        while found := self.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            told += [message["Body"] for message in found]
        return [unquoted(each) for each in told]


def unquoted(text: str) -> str:
    """An alert without the quotation marks that EventBridge leaves around each line of an input template."""
    return "\n".join(loads(line) for line in text.splitlines()) if text.startswith('"') else text


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    made.up()
    yield made
    made.close()


def test_each_attempt_that_fails_is_told_and_the_run_once(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1, interval: 10s}\nnotify: {attempt-failed: q, run-failed: q}")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job()
    told = harness.alerts()
    attempts = [each for each in told if each.startswith("p: an attempt of the job job failed.")]
    assert len(attempts) == 2
    assert all("Exit code: 3" in each for each in attempts)
    assert sorted(line for each in attempts for line in each.splitlines() if "Attempt:" in line) == [
        "Attempt:   1",
        "Attempt:   2",
    ]
    assert all(f"Look at:   {URL}/runs/{execution}" in each for each in attempts)
    (run,) = [each for each in told if each not in attempts]
    assert run.startswith("p: a run of the job job ended FAILED.")
    assert f"Look at:   {URL}/runs/{execution}" in run
    assert run.rstrip().endswith("lamplighter run p-job")


def test_an_attempt_that_could_not_start_is_told_though_there_is_no_exit_code(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "notify: {attempt-failed: q}")
    harness.runtime.script(Script(failure=CannotStart("CannotStartContainerError: no such program")))
    harness.run_job()
    (told,) = harness.alerts()
    assert "Stop code: TaskFailedToStart" in told


def test_a_run_that_takes_too_long_is_told(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "deadline: 1m\nnotify: {run-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    (told,) = harness.alerts()
    assert told.startswith("p: a run of the job job ended TIMED_OUT.")
    assert "Limits:    the run may take 1m\n" in told


def test_an_attempt_that_took_too_long_is_told_though_step_functions_stopped_it(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "timeout: 1m\nnotify: {attempt-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    (told,) = harness.alerts()
    assert "Stop code: UserInitiated" in told


def test_without_a_timeout_a_task_that_is_stopped_is_somebody_s_wish(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "deadline: 1m\nnotify: {attempt-failed: q}")
    harness.runtime.script(Script(after=None))
    harness.run_job()
    assert harness.alerts() == []


@pytest.mark.parametrize("code", [0, 3])
def test_nobody_is_told_of_what_is_well_or_tried_again_with_success(harness: Desk, tmp_path: Path, code: int) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1}\nnotify: {run-failed: q, caught: q}")
    harness.runtime.script(Script(code=code), lambda each: each.environment["LAMPLIGHTER_ATTEMPT"] == "1")
    harness.run_job()
    assert harness.alerts() == []


def test_a_failure_that_is_caught_is_told_from_inside_with_its_log_and_once(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "retry: {attempts: 1}\nnotify: {caught: q}", url="")
    harness.runtime.script(Script(lines=(("stderr", "no disk left"),), code=3))
    execution = harness.run_job()
    (told,) = harness.alerts()
    assert told.splitlines() == [
        "p: the job job failed.",
        "",
        "Error:     States.TaskFailed",
        "Reason:    Essential container in task exited",
        "Exit code: 3",
        "Attempts:  2",
        f"Run:       {execution}",
        f"Look at:   {AWS_CONSOLE}{execution}",
        "Run again: lamplighter run p-job --aws --region us-east-1",
        "",
        "Last lines:",
        "  no disk left",
    ]


def test_a_sidecar_stops_when_the_job_is_done_and_its_end_is_not_the_job_s(harness: Desk, tmp_path: Path) -> None:
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


def test_beside_a_sidecar_that_is_killed_an_attempt_that_ends_well_is_neither_told_nor_made_again(
    harness: Desk, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, SIDECAR)
    harness.runtime.script(Script(after=None, stop_code=137), lambda each: each.image == "envoy")
    execution = harness.run_job()
    assert harness.status(execution) == "SUCCEEDED"
    assert [each.image for each in harness.runtime.begun.values()].count("busybox") == 1
    assert harness.alerts() == []


def test_beside_a_sidecar_an_attempt_that_fails_is_told_without_what_nobody_can_read_and_made_again(
    harness: Desk, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, SIDECAR)
    harness.runtime.script(Script(after=None), lambda each: each.image == "envoy")
    harness.runtime.script(Script(code=3), lambda each: each.environment.get("LAMPLIGHTER_ATTEMPT") == "1")
    execution = harness.run_job()
    assert harness.status(execution) == "SUCCEEDED"
    (told,) = harness.alerts()
    assert told.splitlines()[:4] == [
        "p: an attempt of the job job failed.",
        "",
        "Reason:    Essential container in task exited",
        "Stop code: EssentialContainerExited",
    ]
    assert "Exit code" not in told
    assert "Run again: lamplighter run p-job" in told


def test_an_essential_sidecar_that_fails_is_the_job_s_failure(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "sidecars: {proxy: {image: envoy, essential: true}}\nnotify: {run-failed: q}")
    harness.runtime.script(Script(code=1), lambda each: each.image == "envoy")
    harness.runtime.script(Script(after=None, stop_code=0), lambda each: each.image == "busybox")
    assert harness.status(harness.run_job()) == "FAILED"


def test_a_step_with_a_sidecar_ends_well_with_its_own_container(harness: Desk, tmp_path: Path) -> None:
    step = "StartAt: S\nStates: {S: {Type: Task, Job: job, End: true, Output: '{% $states.result %}'}}"
    harness.deploy(tmp_path, SIDECAR, steps="QueryLanguage: JSONata\n" + step)
    harness.runtime.script(Script(after=None), lambda each: each.image == "envoy")
    execution = harness.run_job(name="p-steps")
    assert harness.status(execution) == "SUCCEEDED"
    assert {each["Name"] for each in loads(harness.describe(execution)["output"])["Containers"]} == {"main", "proxy"}


def test_a_run_that_is_under_way_goes_on_as_it_began(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "command: [first]\nretry: {attempts: 1, interval: 2m}")
    harness.runtime.script(Script(code=3))
    execution = harness.run_job(minutes=1)
    harness.deploy(tmp_path, "command: [second]\nretry: {attempts: 1, interval: 2m}")
    for _ in range(20):
        harness.advance(10_000)
    assert harness.status(execution) == "FAILED"
    harness.redrive(execution)
    assert [each.command for each in harness.runtime.begun.values()] == [("first",)] * 4
