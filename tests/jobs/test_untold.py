"""Failures that no run can tell itself are told on AWS too: by a rule and a machine that asks, and nobody twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.runtime.fake import Script
from lamplighter.store.db import Reader, Tx
from tests.jobs.test_alerts import Desk

CAUGHT = "notify: {caught: q}"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    made.up()
    yield made
    made.close()


def refuse_to_publish(harness: Desk, times: int) -> None:
    """Have SNS refuse the next messages."""
    publish, left = harness.engine.bus._find("sns", "Publish").write, [None] * times

    def published(tx: Tx, caller: Caller, params: Json) -> Json:
        if left:
            left.pop()
            raise AwsError("no", code="AuthorizationError", status=403)
        assert publish is not None
        return publish(tx, caller, params)

    replace(harness, "sns", "Publish", Operation(write=published))


def replace(harness: Desk, service: str, name: str, operation: Operation) -> None:
    """Have another operation in the place of one of a service's."""
    bus = harness.engine.bus
    bus.serve(service, {**bus._services[service], name: operation})


def test_a_deadline_is_told_although_no_run_can_catch_it(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"deadline: 1m\n{CAUGHT}", url="")
    harness.runtime.script(Script(after=None))
    execution = harness.run_job()
    (told,) = harness.alerts()
    assert told.startswith("p: a run of the job job ended TIMED_OUT.\n")
    assert execution in told
    assert told.rstrip().endswith("lamplighter run p-job --aws --region us-east-1")


def test_overlap_that_cannot_list_the_runs_is_told_from_inside(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, f"overlap: skip\n{CAUGHT}", url="")

    def refused(_reader: Reader, _caller: Caller, _params: Json) -> Json:
        raise AwsError("no", code="AccessDeniedException", status=400)

    replace(harness, "states", "ListExecutions", Operation(read=refused))
    execution = harness.run_job()
    assert harness.status(execution) == "FAILED"
    (told,) = harness.alerts()
    assert told.startswith("p: the job job failed.\n")
    assert "Attempts:  0\n" in told


WORKFLOW = "StartAt: A\nStates: {A: {Type: Pass, InputPath: $.missing.path, End: true}}"


def test_a_runtime_error_of_a_workflow_is_told_once(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "", steps=WORKFLOW, url="", told=f", {CAUGHT}")
    execution = harness.run_job(name="p-steps")
    assert (harness.status(execution), harness.describe(execution)["error"]) == ("FAILED", "States.Runtime")
    (told,) = harness.alerts()
    assert told.startswith("p: a run of the job steps ended FAILED.\n")


def test_a_failure_that_a_workflow_told_itself_is_told_once(harness: Desk, tmp_path: Path) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Fail, Error: Custom, Cause: '{oops}'}}"
    harness.deploy(tmp_path, "", steps=steps, url="", told=f", {CAUGHT}")
    harness.run_job(name="p-steps")
    (told,) = harness.alerts()
    assert told.startswith("p: the job steps failed.\n")


def test_a_run_that_could_not_publish_is_told_by_the_machine_that_asks(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, CAUGHT, url="")
    harness.runtime.script(Script(code=3))
    refuse_to_publish(harness, 7)
    harness.run_job()
    (told,) = harness.alerts()
    assert told.startswith("p: a run of the job job ended FAILED.\n")


def test_a_machine_that_cannot_publish_is_told_itself(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, CAUGHT, url="")
    harness.runtime.script(Script(code=3))
    refuse_to_publish(harness, 14)
    harness.run_job(minutes=10)
    (told,) = harness.alerts()
    assert told.startswith("p--failures ended FAILED: a run that failed may not have been told.\n")


def test_an_alert_that_no_topic_takes_is_in_a_queue_whose_alarm_rings(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "notify: {run-failed: q}", url="")
    harness.runtime.script(Script(code=3))
    refuse_to_publish(harness, 1)
    harness.run_job()
    (told,) = harness.alerts()
    assert "p-undelivered-alerts" in told
    url = harness.call("sqs", "GetQueueUrl", QueueName="p-undelivered-alerts")["QueueUrl"]
    (letter,) = harness.call("sqs", "ReceiveMessage", QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
