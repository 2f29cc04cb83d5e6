"""Test that pending deliveries and SNS notifications that an engine with schema 35 stored are delivered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION, SECOND
from tests.services.sns.sns_harness import WEBHOOK, SnsHarness

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/night"
INSERT_DELIVERY = "INSERT INTO deliveries (sender, key, created, attempts, body) VALUES ('events', ?, ?, ?, ?)"
INSERT_NOTIFICATION = """
INSERT INTO sns_deliveries
    (topic, subscription, protocol, endpoint, message, type, status, attempts, created, changed, error, body)
    VALUES (?, ?, 'http', ?, ?, 'Notification', 'WAITING', ?, ?, ?, ?, ?)
"""
INSERT_OUTBOX_ROW = "INSERT INTO outbox (service, body, subject, created) VALUES (?, ?, ?, ?)"
INSERT_TIMER = "INSERT INTO timers (service, subject, name, due, steady_clock) VALUES (?, ?, 'retry', ?, 1)"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SnsHarness]:
    with SnsHarness.running(tmp_path / "data") as harness:
        yield harness


def delivery_body(key: str, text: str, now: int) -> str:
    """Return the stored body of a delivery to a queue."""
    params = {"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/reports", "MessageBody": text}
    delivery: Json = {
        "key": key,
        "caller": {"account": ACCOUNT, "region": REGION},
        "service": "sqs",
        "operation": "SendMessage",
        "params": params,
        "policy": {"attempts": 185, "age": 86_400},
        "dead_letter": None,
        "body": text,
        "attributes": {"RULE_ARN": RULE, "TARGET_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:reports"},
        "created": now,
    }
    return dumps(delivery)


def notification_body(topic: str, subscription: str, text: str, now: int) -> str:
    """Return the stored body of a notification."""
    notification: Json = {
        "type": "Notification",
        "id": text,
        "topic": topic,
        "subscription": subscription,
        "text": text,
    }
    notification |= {"timestamp": now, "subject": None, "attributes": {}, "sequence": None, "group": None}
    return dumps(notification | {"deduplication": None, "token": None, "raw": False, "version": "1"})


def test_pending_deliveries_and_notifications_of_an_earlier_version_are_delivered(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    subscription = harness.subscribe(topic, "http", WEBHOOK)
    harness.crash()
    now = harness.clock.now()
    for text, attempts in (("first", 0), ("again", 2)):
        harness.damage(INSERT_DELIVERY, text, now, attempts, delivery_body(text, text, now))
        error = "the endpoint answered with 503" if attempts else None
        body = notification_body(topic, subscription, text, now)
        harness.damage(INSERT_NOTIFICATION, topic, subscription, WEBHOOK, text, attempts, now, now, error, body)
    numbers = {
        table: [number for (number,) in harness.rows(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 2")][::-1]
        for table in ("deliveries", "sns_deliveries")
    }
    for service, table, prefix, row in (
        ("events", "deliveries", "letter:", "{}"),
        ("sns", "sns_deliveries", "", "null"),
    ):
        first, again = numbers[table]
        harness.damage(INSERT_OUTBOX_ROW, service, row, f"{prefix}{first}", now)
        harness.damage(INSERT_TIMER, service, f"{prefix}{again}", now + 5 * SECOND)

    harness.up()
    harness.settle()
    assert [each["MessageBody"] for each in harness.queued_messages()] == ["first"]
    assert [each["MessageId"] for each in harness.posted_documents()] == ["first"]
    harness.advance(5 * SECOND)
    assert [each["MessageBody"] for each in harness.queued_messages()] == ["first", "again"]
    assert [each["MessageId"] for each in harness.posted_documents()] == ["first", "again"]
    assert harness.rows("SELECT attempts, outcome FROM deliveries ORDER BY id") == [(1, "DELIVERED"), (3, "DELIVERED")]
    found = [(each.message, each.status, each.attempts, each.error) for each in harness.deliveries(topic)]
    assert found == [("again", "DELIVERED", 3, None), ("first", "DELIVERED", 1, None)]
    assert (
        harness.rows("SELECT * FROM outbox UNION ALL SELECT service, subject, name, due, steady_clock FROM timers")
        == []
    )
