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
from tests.engines import ACCOUNT, DAY, REGION

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports-ops"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.up()
    yield made
    made.close()


def reasons(house: House) -> list[str]:
    return [each.reason for each in health.read_health(house.engine).conditions if each.name == "alerts"]


def lost(house: House) -> list[tuple[str, str]]:
    return [(each.recipient, each.reason) for each in lost_alerts.since(house.engine.store.reader, 0)]


def fail(house: House) -> None:
    house.begin()
    house.attempt(3)
    for _ in range(10):
        house.advance(MINUTE)


def test_a_mail_that_is_refused_for_good_is_told_of(house: House) -> None:
    house.deploy("notify: ops")
    house.out.mail.failures.append(DeliveryFailed("550 no such user", again=False))
    fail(house)
    assert reasons(house) == ["1 alert could not be delivered in the last 3 days: see `lamplighter doctor`"]
    assert lost(house) == [("email ops@example.com", "550 no such user")]


def test_a_webhook_that_refuses_is_told_of_without_its_path_which_may_be_a_password(house: House) -> None:
    house.deploy("notify: hook")
    house.out.web.answers.append(DeliveryFailed("HTTP 404", again=False))
    fail(house)
    assert lost(house) == [("https hooks.example", "HTTP 404")]


def test_an_alert_whose_topic_is_gone_is_told_of(house: House) -> None:
    house.deploy("notify: ops")
    house.call("sns", "DeleteTopic", TopicArn=TOPIC)
    fail(house)
    # The alert itself, and the alarm on the queue of alerts that could not be delivered.
    assert {whom for whom, _ in lost(house)} == {f"topic {TOPIC}"}
    assert "NO_RESOURCE: Topic does not exist" in [why for _, why in lost(house)]


def test_a_start_that_nobody_can_be_told_of_is_told_of(house: House) -> None:
    house.deploy("schedule: 'cron(0 1 * * ? *)', missed: {within: 6h}, notify: {did-not-start: ops}")
    house.call("sns", "DeleteTopic", TopicArn=TOPIC)
    house.down()
    house.clock.advance(DAY)
    house.up()
    house.advance(MINUTE)
    assert [whom for whom, _ in lost(house)] == [f"topic {TOPIC}"]


def test_a_mail_that_waits_for_its_server_is_told_of_until_it_goes_through(house: House) -> None:
    house.deploy("notify: ops")
    house.out.mail.failures.append(DeliveryFailed("connection refused", again=True))
    house.begin()
    house.attempt(3)
    assert reasons(house) == ["1 message could not be delivered yet, and will be tried again: see `lamplighter doctor`"]
    (found,) = alerts.check_waiting_alerts(house.directory)
    assert found.says == "1 for email ops@example.com could not be delivered yet: connection refused"
    house.advance(MINUTE)
    assert reasons(house) == []
    assert list(alerts.check_waiting_alerts(house.directory)) == []
    assert len(house.mails()) == 1


def test_what_was_lost_days_ago_makes_no_engine_unwell(house: House) -> None:
    house.deploy("notify: ops")
    house.out.mail.failures.append(DeliveryFailed("550 no such user", again=False))
    fail(house)
    house.advance(3 * DAY)
    assert reasons(house) == []


def test_doctor_names_the_alert_and_its_reason(house: House) -> None:
    house.deploy("notify: ops")
    house.out.mail.failures.append(DeliveryFailed("550 no such user", again=False))
    fail(house)
    (found,) = alerts.check_lost_alerts(house.directory, house.clock.now())
    assert found.state == "bad"
    assert found.says.endswith("did not reach email ops@example.com: 550 no such user")
    assert alerts.mail_recipients(house.directory) == ["dev@example.com", "ops@example.com"]


def test_doctor_asks_no_database_that_is_not_there(tmp_path: Path) -> None:
    assert list(alerts.check_lost_alerts(tmp_path, real_world().now())) == []
    assert alerts.mail_recipients(tmp_path) == []
