"""Failures that a run cannot report itself send exactly one alert on AWS, through a rule or the failures machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Caller, Operation
from lamplighter.store.db import Reader, Tx
from tests.engine_harness import ACCOUNT, REGION
from tests.fake_runtime import Script
from tests.jobs.test_alerts import AlertHarness

CAUGHT = "notify: {caught: q}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def deny_publish(harness: AlertHarness, times: int) -> None:
    """Let SNS refuse the next `times` messages."""
    publish, left = harness.engine.bus._find("sns", "Publish").write, [None] * times

    def publish_or_refuse(tx: Tx, caller: Caller, params: Json) -> Json:
        if left:
            left.pop()
            raise AwsError("no", code="AuthorizationError", status=403)
        assert publish is not None
        return publish(tx, caller, params)

    replace_operation(harness, "sns", "Publish", Operation(write=publish_or_refuse))


def replace_operation(harness: AlertHarness, service: str, name: str, operation: Operation) -> None:
    """Replace an operation of a service on the bus."""
    bus = harness.engine.bus
    bus.serve(service, {**bus._services[service], name: operation})


def test_a_deadline_sends_an_alert_although_the_run_cannot_catch_it(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"deadline: 1m\n{CAUGHT}", url="")
    harness.runtime.script(Script(after=None))
    execution = harness.run_job()
    (alert,) = harness.alerts()
    assert alert.startswith("job timed out: the run took longer than its deadline of 1m\n")
    assert execution in alert
    assert alert.rstrip().endswith("lamplighter run p-job --aws --region us-east-1")


def test_the_times_of_a_redriven_run_are_those_of_its_last_part(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"deadline: 1m\n{CAUGHT}", url="")
    harness.runtime.script(Script(after=None))
    execution = harness.run_job()
    assert "\nStarted:   Thu 2026-01-01 00:00:00 (UTC)\n" in harness.alerts()[0]
    harness.redrive(execution)
    (alert,) = [each for each in harness.alerts() if "Redriven" in each]  # the queue returns the first one again
    assert alert.splitlines()[2:5] == [
        "Redriven:  Thu 2026-01-01 00:05:00 (UTC)",
        "Ended:     Thu 2026-01-01 00:06:00 (UTC)",
        "Duration:  1 min 00 s",
    ]


def test_an_overlap_check_that_cannot_list_the_runs_sends_an_alert_from_the_run(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, f"overlap: skip\n{CAUGHT}", url="")

    def refused(_reader: Reader, _caller: Caller, _params: Json) -> Json:
        raise AwsError("no", code="AccessDeniedException", status=400)

    replace_operation(harness, "states", "ListExecutions", Operation(read=refused))
    execution = harness.run_job(minutes=15)
    assert harness.status(execution) == "FAILED"
    (alert,) = [each for each in harness.alerts() if "p--failures" not in each]  # which cannot list the runs, either
    assert alert.startswith("job failed: Sfn.SfnException: no")
    assert "Attempt:" not in alert


WORKFLOW = "StartAt: A\nStates: {A: {Type: Pass, InputPath: $.missing.path, End: true}}"


def test_a_runtime_error_of_a_workflow_sends_one_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "", steps=WORKFLOW, url="", steps_options=f", {CAUGHT}")
    execution = harness.run_job(name="p-steps")
    assert (harness.status(execution), harness.describe(execution)["error"]) == ("FAILED", "States.Runtime")
    (alert,) = harness.alerts()
    assert alert.startswith("steps failed: States.Runtime: ")


def test_a_failure_that_a_workflow_has_reported_sends_no_second_alert(harness: AlertHarness, tmp_path: Path) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Fail, Error: Custom, Cause: '{oops}'}}"
    harness.deploy(tmp_path, "", steps=steps, url="", steps_options=f", {CAUGHT}")
    harness.run_job(name="p-steps")
    (alert,) = harness.alerts()
    assert alert.startswith("steps failed: Custom: {oops}\n")


def test_the_failures_machine_sends_the_alert_of_a_run_that_could_not_publish(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, CAUGHT, url="")
    harness.runtime.script(Script(code=3))
    deny_publish(harness, 7)
    harness.run_job()
    (alert,) = harness.alerts()
    assert alert.startswith("job failed: exit code 3\n\nExit code: 3\nAttempt:   1 of 1\n")


def test_a_failures_machine_that_cannot_publish_causes_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, CAUGHT, url="")
    harness.runtime.script(Script(code=3))
    deny_publish(harness, 14)
    harness.run_job(minutes=10)
    (alert,) = harness.alerts()
    lost = "a run that failed or did not start may not have been told"
    assert loads(alert)["AlarmDescription"] == f"p--failures failed: {lost}"


def test_an_event_that_cannot_start_the_failures_machine_goes_to_a_queue_whose_alarm_sends_an_alert(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "notify: {run-failed: q}", url="")
    harness.runtime.script(Script(code=3))
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:p--failures"
    harness.call("states", "DeleteStateMachine", stateMachineArn=machine)
    harness.run_job()
    (alert,) = harness.alerts()
    assert "p-undelivered-alerts" in alert
    url = harness.call("sqs", "GetQueueUrl", QueueName="p-undelivered-alerts")["QueueUrl"]
    received = harness.call(
        "sqs", "ReceiveMessage", QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )
    message = received["Messages"][0]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_an_alert_has_the_last_lines_although_the_read_of_the_log_was_throttled(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "notify: {run-failed: q}", url="")
    answers = [AwsError("Rate exceeded", code="ThrottlingException", status=400)] * 3
    known = harness.engine.bus._services["logs"]["GetLogEvents"]

    def throttled(reader: Reader, caller: Caller, params: Json) -> Json:
        if answers:
            raise answers.pop()
        assert known.read is not None
        return known.read(reader, caller, params)

    replace_operation(harness, "logs", "GetLogEvents", replace(known, read=throttled))
    harness.runtime.script(Script(code=3, lines=(("stdout", "rows: 1000"),)))
    harness.run_job()
    (alert,) = harness.alerts()
    assert alert.endswith("\nLast lines:\n  rows: 1000\n")
