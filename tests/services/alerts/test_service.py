"""Test that an alert is sent if its text cannot be composed, and that it stays one message if the engine dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.alerts import service
from lamplighter.services.alerts.service import Alerts
from tests.acceptance.test_job_alerts import JobStackHarness
from tests.engine_harness import ACCOUNT, REGION, EngineDied

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports-ops"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    house = JobStackHarness(tmp_path)
    house.up()
    yield house
    house.close()


def make_failing_composer(error: Exception) -> Json:
    def compose(*_arguments: Json) -> None:
        raise error

    return compose


@pytest.mark.parametrize("error", [AwsError("no"), KeyError("detail"), RuntimeError("a bug")])
def test_an_alert_that_cannot_be_composed_contains_the_message_of_the_rule(
    harness: JobStackHarness, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setitem(service.COMPOSERS, "run-failed", make_failing_composer(error))
    harness.deploy("notify: ops")
    run = harness.start_run()
    harness.end_attempt(3)
    ((subject, text),) = harness.mails()
    assert subject == "nightly FAILED"
    assert text.startswith('"nightly FAILED"\n')
    assert run in text


def test_an_alert_of_an_unknown_pattern_contains_the_message_of_the_rule(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    request = {"Annotation": {"Job": "nightly", "Pattern": "new"}, "Channel": "ops", "TopicArn": TOPIC}
    harness.call("alerts", "SendAlert", **request, Message="as it came", Event={})
    harness.settle()
    assert harness.mails()[0][1] == "as it came"


def test_the_failure_of_a_deleted_run_is_alerted(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    detail = {
        "executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:reports-nightly:gone",
        "stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-nightly",
        "status": "FAILED",
    }
    event = {"detail": detail, "time": "2026-01-01T00:00:00Z"}
    request = {"Annotation": {"Job": "nightly", "Pattern": "run-failed"}, "Channel": "ops", "TopicArn": TOPIC}
    harness.call("alerts", "SendAlert", **request, Message="as it came", Event=event)
    harness.settle()
    assert harness.mails()[0][0] == "nightly failed"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ('{"TaskArn":"a","Containers":5,"StoppedReason":["x"]}', None),
        ('{"Failures":["no room"]}', "no room"),
        ('{"containers":5}', None),
        ('{"code":17}', None),
    ],
)
def test_a_cause_that_a_user_wrote_as_json_is_shown_as_the_reason(
    harness: JobStackHarness, cause: str, reason: str | None
) -> None:
    harness.deploy("notify: ops")
    fail = {"Type": "Fail", "Error": "Bad.Total", "Cause": cause}
    run = harness.start(harness.machine({"StartAt": "F", "States": {"F": fail}}))
    harness.settle()
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reports-nightly"
    event = {
        "detail": {"executionArn": run, "stateMachineArn": machine, "status": "FAILED"},
        "time": "2026-01-01T00:00:00Z",
    }
    request = {"Annotation": {"Job": "nightly", "Pattern": "run-failed"}, "Channel": "ops", "TopicArn": TOPIC}
    harness.call("alerts", "SendAlert", **request, Message="as it came", Event=event)
    harness.settle()
    ((_, text),) = harness.mails()
    assert text.startswith(f"nightly failed: Bad.Total: {reason or cause}\n")
    assert "Error:     Bad.Total\n" in text


@pytest.mark.parametrize("commit", range(1, 7))
def test_an_alert_survives_a_crash_at_any_commit_and_has_one_message_id(harness: JobStackHarness, commit: int) -> None:
    harness.deploy("notify: ops")
    harness.start_run()
    harness.die_at(commit, before=commit % 2 == 0)
    try:
        harness.end_attempt(3, "oh no")
        harness.advance(60_000)
    except EngineDied:
        harness.up()
        harness.advance(60_000)
        harness.advance(60_000)
    found = harness.mails()
    assert {subject for subject, _ in found} == {"nightly failed: exit code 3"}
    assert all("oh no" in text for _, text in found)
    assert len({str(mail["Message-ID"]) for mail in harness.out.mail.sent}) == 1


def test_the_service_has_no_caches(harness: JobStackHarness) -> None:
    alerts = Alerts(harness.engine.bus, "http://box")
    alerts.drop_caches()
    assert alerts.name == "alerts"
