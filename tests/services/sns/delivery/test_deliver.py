"""Deliveries: once where it can be told, at least once where it cannot, again as the policy says, and then laid aside.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import asyncio
import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import dumps, loads
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.services.sns.delivery.deliver import LANES
from lamplighter.services.sns.tables import deliveries, topics
from tests.engines import HOUR, SECOND, Died
from tests.services.sns.town import DEAD, GONE, HOOK, QUEUE, Town

BUSY = DeliveryFailed("421 come again", again=True)
UNKNOWN = DeliveryFailed("550 no such person", again=False)
REDRIVE = dumps({"deadLetterTargetArn": DEAD})


def counts(town: Town, topic: str) -> dict[str, int]:
    return topics.counts(town.engine.store.reader, topic)


def test_one_message_reaches_every_subscription_by_its_protocol(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "http", HOOK)
    town.subscribe(topic, "sqs", QUEUE)
    town.subscribe(topic, "lamplighter:command", "page-somebody")
    message = town.publish(topic, Subject="Night")
    assert town.mailed() == ["ops@example.com"]
    assert [post["MessageId"] for post in town.posted()] == [message]
    assert [loads(each["MessageBody"])["MessageId"] for each in town.queued()] == [message]
    (run,) = town.out.programs.runs
    assert (run.command, run.given) == ("page-somebody", b"the batch failed")
    assert run.environment == {
        "LAMPLIGHTER_SUBJECT": "Night",
        "LAMPLIGHTER_TOPIC": topic,
        "LAMPLIGHTER_MESSAGE_ID": message,
    }
    assert town.left() == 0
    assert counts(town, topic) == {"published": 1, "filtered": 0, "delivered": 4, "failed": 0, "redriven": 0}


def test_a_web_server_that_is_down_is_tried_four_times_twenty_seconds_apart(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.extend([503, BUSY, 429, 500, 200])
    town.publish(topic)
    for tries in (1, 2, 3):
        assert len(town.posted()) == tries
        town.advance(19 * SECOND)
        assert len(town.posted()) == tries
        town.advance(1 * SECOND)
    town.advance(HOUR)
    assert len(town.posted()) == 4
    (delivery,) = town.deliveries(topic)
    assert (delivery.status, delivery.attempts, delivery.error) == ("FAILED", 4, "the endpoint answered with 500")
    assert counts(town, topic)["failed"] == 1
    assert town.left() == 0


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_web_server_that_does_not_want_a_message_is_not_asked_again(town: Town, status: int) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(status)
    town.publish(topic)
    assert [delivery.status for delivery in town.deliveries(topic)] == ["FAILED"]
    assert town.left() == 0


def test_every_attempt_carries_the_same_message_id(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(500)
    town.publish(topic)
    town.advance(20 * SECOND)
    first, second = town.out.web.posts
    assert first.headers["x-amz-sns-message-id"] == second.headers["x-amz-sns-message-id"]
    assert first.body == second.body


def test_a_delivery_policy_of_the_topic_sets_the_delays(town: Town) -> None:
    retry = {"minDelayTarget": 2, "maxDelayTarget": 8, "numRetries": 5, "numNoDelayRetries": 1, "numMinDelayRetries": 1}
    policy = {"http": {"defaultHealthyRetryPolicy": retry}}
    topic = town.topic(DeliveryPolicy=dumps(policy))
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.extend([500] * 9)
    town.publish(topic)
    assert len(town.posted()) == 2  # the first, and one at once
    for delay in (2, 2, 5, 8):
        before = len(town.posted())
        town.advance(delay * SECOND - 1)
        assert len(town.posted()) == before
        town.advance(1)
        assert len(town.posted()) == before + 1
    town.advance(HOUR)
    assert len(town.posted()) == 6


def test_a_delivery_policy_of_the_subscription_goes_before_the_topics(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"healthyRetryPolicy": {"numRetries": 0}}))
    town.out.web.answers.append(500)
    town.publish(topic)
    assert [delivery.status for delivery in town.deliveries(topic)] == ["FAILED"]


def test_a_throttle_spreads_messages_over_time(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 2}}))
    for _ in range(4):
        town.publish(topic)
    assert len(town.posted()) == 1
    for expected in (2, 3, 4):
        town.advance(SECOND // 2)
        assert len(town.posted()) == expected


def test_a_throttle_does_not_hold_messages_up_after_the_clock_was_set_back(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 1}}))
    town.publish(topic)
    town.crash()
    town.clock.jump(-HOUR)
    town.up()
    town.publish(topic)
    town.advance(SECOND)
    assert len(town.posted()) == 2


def test_a_mail_server_that_is_down_for_six_hours_gets_the_mail_then(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.out.mail.failures.extend([BUSY] * 50)
    town.publish(topic)
    passed = 0
    while not town.mailed():
        town.advance(10 * SECOND)
        passed += 10 * SECOND
    assert 6 * HOUR < passed < 8 * HOUR
    assert [(delivery.status, delivery.attempts) for delivery in town.deliveries(topic)] == [("DELIVERED", 51)]


def test_a_mail_that_nobody_takes_is_laid_into_the_dead_letter_queue(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com", RedrivePolicy=REDRIVE)
    town.out.mail.failures.append(UNKNOWN)
    message = town.publish(topic, Subject="Night")
    (dead,) = town.queued("dead")
    assert set(dead) == {"QueueUrl", "MessageBody"}
    body = loads(dead["MessageBody"])
    assert (body["MessageId"], body["Subject"], body["Message"]) == (message, "Night", "the batch failed")
    assert counts(town, topic)["redriven"] == 1
    assert [delivery.error for delivery in town.deliveries(topic)] == ["550 no such person"]


def test_a_dead_letter_of_a_raw_subscription_is_raw(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK, RedrivePolicy=REDRIVE, RawMessageDelivery="true")
    town.out.web.answers.append(404)
    attributes = {"kind": {"DataType": "String", "StringValue": "night"}}
    town.publish(topic, "body", MessageAttributes=attributes)
    (dead,) = town.queued("dead")
    assert (dead["MessageBody"], dead["MessageAttributes"]) == ("body", attributes)


def test_a_queue_that_is_gone_is_not_tried_again_and_its_message_is_a_dead_letter(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", GONE, RedrivePolicy=REDRIVE)
    town.publish(topic)
    assert len(town.queued("dead")) == 1
    assert [(delivery.status, delivery.attempts) for delivery in town.deliveries(topic)] == [("FAILED", 1)]
    assert town.left() == 0


def test_a_dead_letter_queue_that_is_gone_loses_the_letter_and_nothing_else(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", GONE, RedrivePolicy=dumps({"deadLetterTargetArn": GONE}))
    town.subscribe(topic, "sqs", QUEUE)
    town.publish(topic)
    assert len(town.queued()) == 1
    assert counts(town, topic) == {"published": 1, "filtered": 0, "delivered": 1, "failed": 1, "redriven": 0}


def test_a_function_without_an_endpoint_is_told_as_failed(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "lambda", "arn:aws:lambda:us-east-1:123456789012:function:f")
    town.publish(topic)
    assert ["--endpoint lambda=URL" in str(delivery.error) for delivery in town.deliveries(topic)] == [True]


def test_what_waits_for_its_next_attempt_survives_a_crash(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.out.mail.failures.append(BUSY)
    town.publish(topic)
    assert town.mailed() == []
    town.restart()
    town.advance(10 * SECOND)
    assert town.mailed() == ["ops@example.com"]
    assert town.left() == 0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2])
def test_a_crash_at_any_commit_of_a_publish_loses_nothing_that_was_taken(town: Town, commit: int, before: bool) -> None:
    """The first commit takes the message, the second keeps what came of the delivery."""
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "sqs", QUEUE)
    town.die_at(commit, before=before)
    try:
        town.publish(topic)
    except Died:
        town.up()
    taken = not (commit == 1 and before)
    mails = town.out.mail.sent
    assert len(mails) >= taken
    assert len({mail["Message-ID"] for mail in mails}) == taken
    assert len(mails) == (2 if (commit, before) == (2, True) else taken)
    assert len(town.queued()) == taken
    assert town.left() == 0


def test_what_is_unsubscribed_gets_no_further_attempts(town: Town) -> None:
    topic = town.topic()
    subscription = town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(500)
    town.publish(topic)
    town.sns("Unsubscribe", SubscriptionArn=subscription)
    town.advance(HOUR)
    assert len(town.posted()) == 1
    assert [delivery.status for delivery in town.deliveries(topic)] == ["FAILED"]
    assert town.left() == 0


def test_a_topic_takes_what_was_on_its_way_with_it(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(500)
    town.publish(topic)
    town.sns("DeleteTopic", TopicArn=topic)
    town.advance(HOUR)
    assert len(town.posted()) == 1
    assert town.deliveries(topic) == []
    assert town.left() == 0


def test_a_message_that_cannot_be_read_is_told_as_failed_and_others_go_on(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(500)
    town.publish(topic)
    town.crash()
    town.damage("UPDATE sns_deliveries SET body = '{broken' WHERE status = 'WAITING'")
    town.up()
    town.publish(topic)
    town.advance(20 * SECOND)
    assert [delivery.status for delivery in town.deliveries(topic)] == ["DELIVERED", "FAILED"]
    assert town.left() == 0


def test_the_last_hundred_deliveries_of_each_outcome_are_remembered(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", QUEUE)
    town.subscribe(topic, "sqs", GONE)
    for _ in range(deliveries.KEPT + 5):
        town.publish(topic)
    found = [delivery.status for delivery in town.deliveries(topic)]
    assert len(found) == deliveries.KEPT
    every = town.rows("SELECT status, count(*) FROM sns_deliveries GROUP BY status ORDER BY status")
    assert every == [("DELIVERED", deliveries.KEPT), ("FAILED", deliveries.KEPT)]


def test_deliveries_that_wait_are_counted(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append(500)
    town.publish(topic)
    assert deliveries.count(town.engine.store.reader, "WAITING") == 1


def test_an_endpoint_that_is_down_is_told_of_once_and_so_is_that_it_is_back(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lamplighter.sns")
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "http", HOOK)
    town.out.mail.failures.extend([BUSY] * 4)
    town.out.web.answers.append(503)
    for _ in range(2):
        town.publish(topic)
    for _ in range(3):
        town.advance(HOUR)
    said = (each.getMessage() for each in caplog.records)
    assert sorted(each for each in said if "waits" in each or "goes through" in each) == [
        "mail to ops@example.com goes through again",
        "mail to ops@example.com waits: 421 come again; it is tried again",
        f"what is sent to {HOOK} goes through again",
        f"what is sent to {HOOK} waits: the endpoint answered with 503; it is tried again",
    ]


def test_a_fault_of_ours_is_logged_and_tried_again(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.answers.append("nonsense")  # type: ignore[arg-type]
    town.publish(topic)
    assert "failed through a fault of the engine" in caplog.text
    town.advance(20 * SECOND)
    assert [delivery.status for delivery in town.deliveries(topic)] == ["DELIVERED"]


@pytest.mark.parametrize("at", ["write", "COMMIT"])
def test_a_full_disk_refuses_a_message_and_nothing_of_it_is_sent(town: Town, at: str) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "sqs", QUEUE)
    town.disk.fill(at)
    with pytest.raises(Unavailable):
        town.publish(topic)
    town.disk.fill("")
    town.settle()
    assert (town.mailed(), town.queued()) == ([], [])
    town.publish(topic)
    assert (len(town.mailed()), len(town.queued())) == (1, 1)


def test_a_queue_that_fails_through_its_own_fault_refuses_the_message_whole(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "sqs", f"{QUEUE}-busy")
    with pytest.raises(Unavailable):
        town.publish(topic)
    assert town.mailed() == []
    assert town.deliveries(topic) == []


def test_a_subscription_whose_settings_cannot_be_read_gets_its_messages_all_the_same(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", QUEUE, RawMessageDelivery="true")
    town.crash()
    town.damage("UPDATE subscriptions SET attributes = '{broken'")
    town.up()
    town.publish(topic)
    assert len(town.queued()) == 1


def test_a_slow_web_server_is_asked_a_few_times_at_once(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.subscribe(topic, "email", "ops@example.com")
    town.out.web.held = asyncio.Event()
    for _ in range(3 * LANES):
        town.publish(topic)
    assert len(town.posted()) == LANES
    assert len(town.mailed()) == 3 * LANES
    town.out.web.held.set()
    town.settle()
    assert len(town.posted()) == 3 * LANES
    assert town.left() == 0


def test_what_was_under_way_at_a_crash_is_brought_again(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.out.web.held = asyncio.Event()
    message = town.publish(topic)
    town.crash()
    town.out.web.held = None
    town.up()
    assert [post["MessageId"] for post in town.posted()] == [message, message]
    assert town.left() == 0


def test_the_last_deliveries_are_listed_a_page_at_a_time(town: Town) -> None:
    topic = town.topic()
    town.sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    for _ in range(60):
        town.sns("Publish", TopicArn=topic, Message="x")
    town.settle()
    first = town.sns("ListDeliveries", TopicArn=topic)
    rest = town.sns("ListDeliveries", TopicArn=topic, Before=first["Before"])
    assert (len(first["Deliveries"]), len(rest["Deliveries"]), "Before" in rest) == (50, 10, False)
    assert {(each["Endpoint"], each["Status"], each["Attempts"]) for each in first["Deliveries"]} == {
        (QUEUE, "DELIVERED", 1)
    }
