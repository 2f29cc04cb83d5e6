"""Test undeliverable alerts: the engine's health reports their number, and `doctor` each alert with its reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.cli.doctor import alerts
from lamplighter.delivery.tables import lost_alerts
from lamplighter.engine import health
from lamplighter.outbound.port import DeliveryFailed
from tests.acceptance.test_job_alerts import MINUTE, JobStackHarness
from tests.engine_harness import ACCOUNT, DAY, REGION

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports-ops"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[JobStackHarness]:
    house = JobStackHarness(tmp_path)
    house.up()
    yield house
    house.close()


def list_health_reasons(harness: JobStackHarness) -> list[str]:
    return [each.reason for each in health.read_health(harness.engine).conditions if each.name == "alerts"]


def list_lost_alerts(harness: JobStackHarness) -> list[tuple[str, str]]:
    return [(each.recipient, each.reason) for each in lost_alerts.alerts_since(harness.engine.store.reader, 0)]


def run_failing_job(harness: JobStackHarness) -> None:
    harness.start_run()
    harness.end_attempt(3)
    for _ in range(10):
        harness.advance(MINUTE)


def test_a_permanently_refused_mail_is_reported(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    run_failing_job(harness)
    assert list_health_reasons(harness) == [
        "1 alert could not be delivered in the last 3 days: see `lamplighter doctor`"
    ]
    assert list_lost_alerts(harness) == [("email ops@example.com", "550 no such user")]


def test_a_failed_webhook_is_reported_without_its_path_which_may_be_a_secret(harness: JobStackHarness) -> None:
    harness.deploy("notify: hook")
    harness.out.http.statuses.append(DeliveryFailed("HTTP 404", retryable=False))
    run_failing_job(harness)
    assert list_lost_alerts(harness) == [("https hooks.example", "HTTP 404")]


def test_an_alert_to_a_deleted_topic_is_reported(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    harness.call("sns", "DeleteTopic", TopicArn=TOPIC)
    run_failing_job(harness)
    # The alert itself, and the alarm on the dead-letter queue of alerts.
    assert {recipient for recipient, _ in list_lost_alerts(harness)} == {f"topic {TOPIC}"}
    assert "NO_RESOURCE: Topic does not exist" in [reason for _, reason in list_lost_alerts(harness)]


def test_an_undeliverable_alert_about_a_missed_start_is_reported(harness: JobStackHarness) -> None:
    harness.deploy("schedule: 'cron(0 1 * * ? *)', missed: {within: 6h}, notify: {did-not-start: ops}")
    harness.call("sns", "DeleteTopic", TopicArn=TOPIC)
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(MINUTE)
    assert [recipient for recipient, _ in list_lost_alerts(harness)] == [f"topic {TOPIC}"]


def test_a_mail_that_waits_for_a_retry_is_reported_until_it_is_delivered(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("connection refused", retryable=True))
    harness.start_run()
    harness.end_attempt(3)
    assert list_health_reasons(harness) == [
        "1 message could not be delivered yet and will be retried: see `lamplighter doctor`"
    ]
    (found,) = alerts.check_waiting_alerts(harness.directory)
    assert found.says == "1 for email ops@example.com could not be delivered yet: connection refused"
    assert alerts.mail_failure(harness.directory) == "connection refused"
    harness.advance(MINUTE)
    assert list_health_reasons(harness) == []
    assert list(alerts.check_waiting_alerts(harness.directory)) == []
    assert alerts.mail_failure(harness.directory) is None
    assert len(harness.mails()) == 1


def test_an_alert_lost_three_days_ago_does_not_affect_the_health(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    run_failing_job(harness)
    harness.advance(3 * DAY)
    assert list_health_reasons(harness) == []


def test_doctor_reports_a_lost_alert_and_its_reason(harness: JobStackHarness) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    run_failing_job(harness)
    (found,) = alerts.check_lost_alerts(harness.directory, harness.clock.now())
    assert found.state == "bad"
    assert found.says.endswith("was not delivered to email ops@example.com: 550 no such user")
    assert alerts.mail_recipients(harness.directory) == ["dev@example.com", "ops@example.com"]


def test_doctor_reports_no_alerts_if_there_is_no_database(tmp_path: Path) -> None:
    assert list(alerts.check_lost_alerts(tmp_path, real_world().now())) == []
    assert alerts.mail_recipients(tmp_path) == []
