"""Alerts that reach nobody: the engine's health says how many, and `doctor` says which and why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.cli.doctor import alerts
from lamplighter.delivery.tables import lost_alerts
from lamplighter.engine import health
from lamplighter.outbound.port import DeliveryFailed
from tests.acceptance.test_told import MINUTE, House
from tests.engine_harness import ACCOUNT, DAY, REGION

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports-ops"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.up()
    yield made
    made.close()


def reasons(harness: House) -> list[str]:
    return [each.reason for each in health.read_health(harness.engine).conditions if each.name == "alerts"]


def lost(harness: House) -> list[tuple[str, str]]:
    return [(each.recipient, each.reason) for each in lost_alerts.alerts_since(harness.engine.store.reader, 0)]


def fail(harness: House) -> None:
    harness.begin()
    harness.attempt(3)
    for _ in range(10):
        harness.advance(MINUTE)


def test_a_mail_that_is_refused_for_good_is_told_of(harness: House) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    fail(harness)
    assert reasons(harness) == ["1 alert could not be delivered in the last 3 days: see `lamplighter doctor`"]
    assert lost(harness) == [("email ops@example.com", "550 no such user")]


def test_a_webhook_that_refuses_is_told_of_without_its_path_which_may_be_a_password(harness: House) -> None:
    harness.deploy("notify: hook")
    harness.out.http.statuses.append(DeliveryFailed("HTTP 404", retryable=False))
    fail(harness)
    assert lost(harness) == [("https hooks.example", "HTTP 404")]


def test_an_alert_whose_topic_is_gone_is_told_of(harness: House) -> None:
    harness.deploy("notify: ops")
    harness.call("sns", "DeleteTopic", TopicArn=TOPIC)
    fail(harness)
    # The alert itself, and the alarm on the queue of alerts that could not be delivered.
    assert {whom for whom, _ in lost(harness)} == {f"topic {TOPIC}"}
    assert "NO_RESOURCE: Topic does not exist" in [why for _, why in lost(harness)]


def test_a_start_that_nobody_can_be_told_of_is_told_of(harness: House) -> None:
    harness.deploy("schedule: 'cron(0 1 * * ? *)', missed: {within: 6h}, notify: {did-not-start: ops}")
    harness.call("sns", "DeleteTopic", TopicArn=TOPIC)
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(MINUTE)
    assert [whom for whom, _ in lost(harness)] == [f"topic {TOPIC}"]


def test_a_mail_that_waits_for_its_server_is_told_of_until_it_goes_through(harness: House) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("connection refused", retryable=True))
    harness.begin()
    harness.attempt(3)
    assert reasons(harness) == ["1 message could not be delivered yet and will be retried: see `lamplighter doctor`"]
    (found,) = alerts.check_waiting_alerts(harness.directory)
    assert found.says == "1 for email ops@example.com could not be delivered yet: connection refused"
    harness.advance(MINUTE)
    assert reasons(harness) == []
    assert list(alerts.check_waiting_alerts(harness.directory)) == []
    assert len(harness.mails()) == 1


def test_what_was_lost_days_ago_makes_no_engine_unwell(harness: House) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    fail(harness)
    harness.advance(3 * DAY)
    assert reasons(harness) == []


def test_doctor_names_the_alert_and_its_reason(harness: House) -> None:
    harness.deploy("notify: ops")
    harness.out.mail.failures.append(DeliveryFailed("550 no such user", retryable=False))
    fail(harness)
    (found,) = alerts.check_lost_alerts(harness.directory, harness.clock.now())
    assert found.state == "bad"
    assert found.says.endswith("was not delivered to email ops@example.com: 550 no such user")
    assert alerts.mail_recipients(harness.directory) == ["dev@example.com", "ops@example.com"]


def test_doctor_asks_no_database_that_is_not_there(tmp_path: Path) -> None:
    assert list(alerts.check_lost_alerts(tmp_path, real_world().now())) == []
    assert alerts.mail_recipients(tmp_path) == []
