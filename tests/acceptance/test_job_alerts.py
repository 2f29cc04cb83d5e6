"""The alerts of a job file's jobs, on a virtual clock; the engine's CloudFormation creates the stack of the job file.

The tests cover each pattern of `notify`, the text and the number of its alerts: attempt-failed, run-failed, caught,
did-not-start, late.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.jobs.stack.template import build_template
from lamplighter.runs.history import story
from lamplighter.runtime.port import CannotStart
from lamplighter.services.ecs.tasks.containers.shared_namespaces import PAUSE
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, SECOND, EngineHarness, RecordingEngine
from tests.fake_outbound import FakeOutbound
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text

URL = "http://127.0.0.1:4566"
MINUTE = 60 * SECOND
CHANNELS = """channels:
  ops: {email: ops@example.com}
  dev: {email: dev@example.com}
  hook: {webhook: "https://hooks.example/night"}
"""


class JobStackHarness(EngineHarness):
    """An engine harness with the stack of a job file, and the mails that it sends."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data")
        self.folder = folder
        self.out = FakeOutbound()
        self.runtime.script(Script(after=None))

    async def _open(self) -> Engine:
        config = EngineConfig(data_directory=self.directory, public_url=URL)
        return await RecordingEngine.open(config, self._world, self.runtime, self.out.outbound)

    def deploy(self, job: str, *, steps: str = "", whole: str = "", **more: Json) -> None:
        """Create the stack of a job `nightly` with these settings, and of a workflow `whole` if `steps` is given."""
        text = f"project: reports\n{CHANNELS}jobs:\n  nightly: {{image: busybox, command: [sh], {job}}}\n"
        text += f"  whole: {{workflow: steps.yaml, {whole}}}\n" if steps else ""
        document = build_template(load_job_text(self.folder, text, steps_yaml=steps).project, "here")
        body = dumps(document)
        given = {"ConsoleUrl": URL, **more}
        names = [key for key in given if key in document["Parameters"]]
        parameters = [{"ParameterKey": key, "ParameterValue": given[key]} for key in names]
        request = {"StackName": "reports", "TemplateBody": body, "Parameters": parameters}
        self.call("cloudformation", "CreateStack", Capabilities=["CAPABILITY_NAMED_IAM"], **request)
        self.settle()
        (stack,) = self.call("cloudformation", "DescribeStacks", StackName="reports")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack

    def start_run(self, job: str = "nightly", name: str | None = None) -> str:
        """Start a run by hand and return its ARN."""
        run = self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-{job}", name=name)
        self.settle()
        return run

    def end_attempt(self, code: int, *lines: str) -> None:
        """Let the running container write lines and exit."""
        name = self.write_lines(*lines)
        self.runtime.finish(name, code)
        self.settle()
        self.advance(2 * SECOND)

    def write_lines(self, *lines: str) -> str:
        """Let the running container write lines; return its name. A pause container writes none."""
        running = [each for each in self.runtime.remaining() if self.runtime._is_running(each)]
        (name,) = [each for each in running if not each.endswith(PAUSE)]
        for line in lines:
            self.runtime.write(name, line)
        return name

    def finish_containers(self) -> None:
        """Let all running containers exit with 0."""
        for name in self.runtime.remaining():
            if self.runtime._is_running(name):
                self.runtime.finish(name)
        self.settle()

    def mails(self, to: str = "ops") -> list[tuple[str, str]]:
        """Return subjects and texts of the mails to a channel, without the text that SNS adds."""
        found = [mail for mail in self.out.mail.sent if str(mail["To"]) == f"{to}@example.com"]
        return [(str(mail["Subject"]), mail.get_content().partition("\n\n--\n")[0]) for mail in found]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    harness = JobStackHarness(tmp_path)
    harness.up()
    yield harness
    harness.close()


def test_a_failed_run_is_alerted_with_all_known_details(harness: JobStackHarness) -> None:
    harness.deploy("timezone: Asia/Seoul, retry: {attempts: 1, interval: 10s}, notify: ops")
    run = harness.start_run()
    harness.end_attempt(1, "first try")
    harness.advance(10 * SECOND)
    harness.end_attempt(3, *(f"line {number}" for number in range(1, 31)), "\x1b[31mboom\x1b[0m")
    assert harness.status(run) == "FAILED"
    lines = "\n".join(f"  line {number}" for number in range(12, 31))
    ((subject, text),) = harness.mails()
    assert subject == "nightly failed: exit code 3 after 2 attempts"
    assert text.rstrip() == (
        "nightly failed: exit code 3 after 2 attempts\n\n"
        "Exit code: 3\n"
        "Attempt:   2 of 2\n"
        "Started:   Thu 2026-01-01 09:00:00 (Asia/Seoul)\n"
        "Ended:     Thu 2026-01-01 09:00:12 (Asia/Seoul)\n"
        "Duration:  12 s\n"
        "Project:   reports\n"
        f"Look at:   {URL}/runs/{run}\n"
        "Run again: lamplighter run reports-nightly\n\n"
        f"Last lines:\n{lines}\n  boom"
    )


def test_an_attempt_whose_sidecar_cannot_start_says_so_and_not_how_the_others_were_stopped(
    harness: JobStackHarness,
) -> None:
    sidecars = "{proxy: {image: envoy, essential: true}}"
    harness.deploy(f"sidecars: {sidecars}, notify: {{attempt-failed: ops, run-failed: dev}}")
    failure = CannotStart("CannotStartContainerError: no such program")
    harness.runtime.script(Script(failure=failure), lambda container: container.image == "envoy")
    harness.start_run()
    harness.advance(10 * SECOND)
    ((subject, text),) = harness.mails()
    assert subject == "nightly: attempt 1 of 1 failed: could not start: no such program"
    assert "exit code" not in text.lower()
    ((subject, text),) = harness.mails("dev")
    assert subject == "nightly failed: could not start: no such program"
    assert "exit code" not in text.lower()


def test_a_job_runs_without_a_sidecar_that_cannot_start_and_is_not_essential(harness: JobStackHarness) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (`essential`)."""
    harness.deploy("sidecars: {proxy: {image: envoy}}, notify: {run-failed: ops}")
    failure = CannotStart("CannotStartContainerError: no such program")
    harness.runtime.script(Script(failure=failure), lambda container: container.image == "envoy")
    run = harness.start_run()
    harness.end_attempt(0)
    assert harness.status(run) == "SUCCEEDED"
    assert harness.mails() == []


def test_each_failed_attempt_is_alerted_if_the_job_requests_it(harness: JobStackHarness) -> None:
    harness.deploy("retry: {attempts: 1, interval: 10s}, notify: {attempt-failed: ops}")
    run = harness.start_run()
    harness.end_attempt(7, "oh no")
    harness.advance(10 * SECOND)
    harness.end_attempt(0)
    assert harness.status(run) == "SUCCEEDED"
    ((subject, text),) = harness.mails()
    assert subject == "nightly: attempt 1 of 2 failed: exit code 7"
    assert "Exit code: 7\nAttempt:   1 of 2\n" in text
    assert f"Look at:   {URL}/runs/{run}\n" in text
    assert text.rstrip().endswith("Last lines:\n  oh no")


def test_a_webhook_of_the_job_file_gets_only_notifications_and_needs_no_confirmation(harness: JobStackHarness) -> None:
    harness.deploy("notify: hook")
    harness.start_run()
    harness.end_attempt(3)
    posts = [loads(post.body) for post in harness.out.http.posts]
    assert [post["Type"] for post in posts] == ["Notification"]
    assert posts[0]["Subject"] == "nightly failed: exit code 3"


def test_a_run_that_alerted_a_channel_itself_is_not_alerted_there_again(harness: JobStackHarness) -> None:
    harness.deploy("notify: {caught: ops, run-failed: [ops, dev]}")
    run = harness.start_run()
    harness.end_attempt(3, "oh no")
    assert harness.status(run) == "FAILED"
    assert [subject for subject, _ in harness.mails("ops")] == ["nightly failed: exit code 3"]
    assert "Exit code: 3" in harness.mails("ops")[0][1]
    assert "oh no" in harness.mails("ops")[0][1]
    assert [subject for subject, _ in harness.mails("dev")] == ["nightly failed: exit code 3"]


def test_a_run_that_exceeds_its_deadline_is_alerted_only_by_the_rule(harness: JobStackHarness) -> None:
    harness.deploy("deadline: 1h, notify: {caught: ops, run-failed: ops}")
    run = harness.start_run()
    harness.advance(HOUR)
    assert harness.status(run) == "TIMED_OUT"
    ((subject, text),) = harness.mails()
    assert subject == "nightly timed out: the run took longer than its deadline of 1h"
    assert text.startswith(f"{subject}\n")
    assert "Duration:  1 h 00 min\n" in text
    assert f"/runs/{run}" in text


TIMED_OUT = "failed: took longer than its timeout of 1m\n"


@pytest.mark.parametrize("retry", ["{attempts: 0}", "{exit: {codes: [3], attempts: 1}}"])
def test_an_alert_of_a_timed_out_attempt_has_the_limit_and_the_last_lines(harness: JobStackHarness, retry: str) -> None:
    harness.deploy(f"timeout: 1m, retry: {retry}, notify: ops")
    harness.start_run()
    harness.write_lines("still at it")
    for _ in range(2):
        harness.advance(30 * SECOND)
    ((_, text),) = harness.mails()
    assert TIMED_OUT in text
    assert text.rstrip().endswith("Last lines:\n  still at it")


@pytest.mark.parametrize("lines", [["x" * 3_000_000], ["y" * 300_000] * 25, ["😀" * 70_000] * 4, ["short"]])
def test_a_failure_is_one_mail_however_large_its_last_lines_are(harness: JobStackHarness, lines: list[str]) -> None:
    harness.deploy("notify: {caught: ops, run-failed: ops}")
    harness.start_run()
    harness.write_lines(*lines)
    harness.end_attempt(3)
    ((subject, _),) = harness.mails()
    assert subject == "nightly failed: exit code 3"


@pytest.mark.parametrize(("lines", "mails"), [((), 1), (("still at it",), 2)])
def test_a_run_is_alerted_again_with_last_lines_that_its_own_alert_could_not_contain(
    harness: JobStackHarness, lines: tuple[str, ...], mails: int
) -> None:
    harness.deploy("timeout: 1m, notify: {caught: ops, run-failed: ops}")
    harness.start_run()
    harness.write_lines(*lines)
    for _ in range(2):
        harness.advance(30 * SECOND)
    found = [text for _, text in harness.mails()]
    assert len(found) == mails
    assert all(TIMED_OUT in text for text in found)
    assert ["still at it" in text for text in found] == [False, True][:mails]


def test_a_timed_out_attempt_is_alerted_as_a_timeout(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 1m, retry: {attempts: 1, interval: 10s}, notify: {attempt-failed: ops}")
    harness.start_run()
    harness.write_lines("still at it")
    harness.advance(MINUTE)
    harness.advance(10 * SECOND)
    harness.end_attempt(0)
    ((subject, text),) = harness.mails()
    assert subject == "nightly: attempt 1 of 2 failed: took longer than its timeout of 1m"
    assert TIMED_OUT in text
    assert "Attempt:   1 of 2\n" in text
    assert "still at it" in text


def test_an_attempt_whose_run_exceeded_its_deadline_is_alerted_with_the_deadline(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 1h, deadline: 1m, notify: {attempt-failed: ops}")
    harness.start_run()
    harness.advance(MINUTE)
    ((_, text),) = harness.mails()
    assert text.startswith("nightly: attempt 1 of 1 failed: the run took longer than its deadline of 1m\n")


def test_an_attempt_whose_run_a_person_stops_is_not_alerted(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 1h, notify: {attempt-failed: ops}")
    run = harness.start_run()
    harness.call("states", "StopExecution", executionArn=run)
    harness.advance(MINUTE)
    assert harness.status(run) == "ABORTED"
    assert harness.mails() == []


STEPS = """
QueryLanguage: JSONata
StartAt: First
States:
  First: {Type: Task, Job: nightly, Next: Second}
  Second: {Type: Task, Job: nightly, End: true}
"""


@pytest.mark.parametrize("retry", ["{attempts: 1, interval: 10s}", "{exit: {codes: [3], attempts: 1, interval: 10s}}"])
def test_the_alert_names_the_failed_step_with_its_exit_code(harness: JobStackHarness, retry: str) -> None:
    harness.deploy(f"retry: {retry}", steps=STEPS, whole="notify: {run-failed: ops, caught: dev}")
    harness.start_run("whole")
    harness.end_attempt(0)
    harness.end_attempt(3)
    harness.advance(10 * SECOND)
    harness.end_attempt(3, "oh no")
    ((subject, text),) = harness.mails()
    assert subject == "whole failed in step Second: exit code 3"
    assert "Exit code: 3\nStep:      Second (job nightly), attempt 2\n" in text
    assert text.rstrip().endswith("Last lines:\n  oh no")
    ((_, caught),) = harness.mails("dev")
    assert "Exit code: 3\nStep:      job nightly, attempt 2\n" in caught


def test_the_alert_names_the_step_that_timed_out_with_its_timeout(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 1m", steps=STEPS, whole="notify: {run-failed: ops}")
    harness.start_run("whole")
    harness.end_attempt(0)
    harness.advance(MINUTE)
    ((_, text),) = harness.mails()
    assert text.startswith("whole failed in step Second: took longer than its timeout of 1m\n")
    assert "Step:      Second (job nightly), attempt 1\n" in text


PARALLEL_STEPS = """
QueryLanguage: JSONata
StartAt: Both
States:
  Both:
    Type: Parallel
    End: true
    Branches:
      - {StartAt: One, States: {One: {Type: Task, Job: nightly, End: true}}}
      - {StartAt: Two, States: {Two: {Type: Wait, Seconds: 30, Next: Bad}, Bad: {Type: Fail, Error: Bad}}}
"""


def test_an_attempt_that_is_stopped_because_a_parallel_step_failed_is_not_alerted(harness: JobStackHarness) -> None:
    harness.deploy("timeout: 1h, notify: {attempt-failed: ops}", steps=PARALLEL_STEPS)
    run = harness.start_run("whole")
    harness.advance(MINUTE)
    assert harness.status(run) == "FAILED"
    assert harness.mails() == []


def test_a_late_run_is_alerted_and_continues(harness: JobStackHarness) -> None:
    harness.deploy("late: 30m, notify: ops")
    run = harness.start_run()
    harness.advance(30 * MINUTE)
    ((subject, text),) = harness.mails()
    assert subject == "nightly is late: still running after 30m"
    assert f"/runs/{run}" in text
    harness.end_attempt(0)
    assert len(harness.mails()) == 1


def test_a_job_that_did_not_start_is_alerted_once(harness: JobStackHarness) -> None:
    harness.deploy("schedule: rate(1 hour), notify: ops")
    harness.call("scheduler", "DeleteSchedule", Name="reports-nightly", GroupName="reports")
    for _ in range(3 * 60):
        harness.advance(MINUTE)
    ((subject, text),) = harness.mails()
    assert subject == "nightly did not start: no run began for longer than its schedule explains"
    assert text.startswith(f"{subject}\n\nTime:      Thu 2026-01-01 ")
    assert "Run now:   lamplighter run reports-nightly" in text


def test_a_new_job_is_not_alerted_before_its_first_slot(harness: JobStackHarness) -> None:
    harness.deploy("schedule: 'cron(0 3 * * ? *)', notify: ops")
    for _ in range(30):
        for step in (HOUR - 3 * MINUTE, MINUTE, MINUTE, MINUTE):
            harness.advance(step)
        harness.finish_containers()
    assert harness.mails() == []


def test_missed_slots_that_a_later_run_makes_up_for_are_told_once_and_raise_no_alarm(harness: JobStackHarness) -> None:
    harness.deploy("schedule: rate(1 day), missed: {run: last, within: 1d}, notify: ops")
    for _ in range(3):
        harness.advance(DAY)
        harness.finish_containers()
    harness.down()
    harness.clock.advance(3 * DAY + 3 * HOUR)
    harness.up()
    harness.finish_containers()
    for _ in range(30):
        harness.advance(MINUTE)
    ((subject, _),) = harness.mails()
    assert subject.startswith("nightly: no engine ran from ")


def test_a_missed_slot_is_alerted_at_the_next_start_but_not_by_the_alarm_for_given_up_starts(
    harness: JobStackHarness,
) -> None:
    job = "timezone: Asia/Seoul, missed: {run: last, within: 6h}, notify: {did-not-start: [ops, hook]}"
    harness.deploy(f"schedule: 'cron(0 1 * * ? *)', {job}")
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(10 * SECOND)
    ((subject, text),) = harness.mails()
    assert subject == "nightly did not start at Fri 2026-01-02 01:00 (Asia/Seoul)"
    assert "Scheduled: Fri 2026-01-02 01:00 (Asia/Seoul)\n" in text
    assert "Reason:    no engine ran at that time, and it is more than 6 h ago\n" in text
    assert "Run now:   lamplighter run reports-nightly\n" in text
    assert len(harness.out.http.posts) == 1
    alarms = harness.call("monitoring", "DescribeAlarms")["MetricAlarms"]
    assert {each["AlarmName"]: each["ActionsEnabled"] for each in alarms} == {
        "reports-nightly-did-not-start": True,
        "reports-given-up": False,
    }


def test_a_refused_start_is_alerted_with_the_reason(harness: JobStackHarness) -> None:
    harness.deploy("schedule: rate(1 hour), notify: {did-not-start: ops}")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-nightly"
    harness.call("states", "DeleteStateMachine", stateMachineArn=machine)
    for _ in range(62):
        harness.advance(MINUTE)
    subjects = [subject for subject, _ in harness.mails()]
    assert subjects[0] == "nightly did not start at Thu 2026-01-01 01:00 (UTC)"
    assert "Reason:    StateMachineDeleting" in harness.mails()[0][1]


def test_an_attempt_that_ended_while_no_engine_ran_has_the_duration_of_its_container(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    run = harness.start_run()
    name = harness.write_lines()
    harness.crash()
    harness.clock.advance(24 * SECOND)
    harness.runtime.finish(name)
    harness.clock.advance(3 * MINUTE)
    harness.up()
    (attempt,) = story.read_story(harness.history(run)).attempts
    assert (attempt.outcome, attempt.duration) == ("succeeded", 24 * SECOND)
