"""Deliveries: once where it can be told, at least once where it cannot, again as the policy says, and then laid aside.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import asyncio
import logging

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import dumps, loads
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.services.sns.delivery.deliver import MAX_PARALLEL_ATTEMPTS
from lamplighter.services.sns.tables import deliveries, topics
from tests.engine_harness import HOUR, SECOND, EngineDied
from tests.services.sns.sns_harness import DEAD, GONE, HOOK, QUEUE, SnsHarness

BUSY = DeliveryFailed("421 come again", retryable=True)
UNKNOWN = DeliveryFailed("550 no such person", retryable=False)
REDRIVE = dumps({"deadLetterTargetArn": DEAD})


def counts(harness: SnsHarness, topic: str) -> dict[str, int]:
    return topics.counts(harness.engine.store.reader, topic)


def test_one_message_reaches_every_subscription_by_its_protocol(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "http", HOOK)
    harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "lamplighter:command", "page-somebody")
    message = harness.publish(topic, Subject="Night")
    assert harness.mailed() == ["ops@example.com"]
    assert [post["MessageId"] for post in harness.posted()] == [message]
    assert [loads(each["MessageBody"])["MessageId"] for each in harness.queued()] == [message]
    (run,) = harness.out.programs.runs
    assert (run.command, run.stdin) == ("page-somebody", b"the batch failed")
    assert run.environment == {
        "LAMPLIGHTER_SUBJECT": "Night",
        "LAMPLIGHTER_TOPIC": topic,
        "LAMPLIGHTER_MESSAGE_ID": message,
    }
    assert harness.left() == 0
    assert counts(harness, topic) == {"published": 1, "filtered": 0, "delivered": 4, "failed": 0, "redriven": 0}


def test_a_web_server_that_is_down_is_tried_four_times_twenty_seconds_apart(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.extend([503, BUSY, 429, 500, 200])
    harness.publish(topic)
    for tries in (1, 2, 3):
        assert len(harness.posted()) == tries
        harness.advance(19 * SECOND)
        assert len(harness.posted()) == tries
        harness.advance(1 * SECOND)
    harness.advance(HOUR)
    assert len(harness.posted()) == 4
    (delivery,) = harness.deliveries(topic)
    assert (delivery.status, delivery.attempts, delivery.error) == ("FAILED", 4, "the endpoint answered with 500")
    assert counts(harness, topic)["failed"] == 1
    assert harness.left() == 0


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_web_server_that_does_not_want_a_message_is_not_asked_again(harness: SnsHarness, status: int) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(status)
    harness.publish(topic)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]
    assert harness.left() == 0


def test_every_attempt_carries_the_same_message_id(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.advance(20 * SECOND)
    first, second = harness.out.http.posts
    assert first.headers["x-amz-sns-message-id"] == second.headers["x-amz-sns-message-id"]
    assert first.body == second.body


def test_a_delivery_policy_of_the_topic_sets_the_delays(harness: SnsHarness) -> None:
    retry = {"minDelayTarget": 2, "maxDelayTarget": 8, "numRetries": 5, "numNoDelayRetries": 1, "numMinDelayRetries": 1}
    policy = {"http": {"defaultHealthyRetryPolicy": retry}}
    topic = harness.topic(DeliveryPolicy=dumps(policy))
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.extend([500] * 9)
    harness.publish(topic)
    assert len(harness.posted()) == 2  # the first, and one at once
    for delay in (2, 2, 5, 8):
        before = len(harness.posted())
        harness.advance(delay * SECOND - 1)
        assert len(harness.posted()) == before
        harness.advance(1)
        assert len(harness.posted()) == before + 1
    harness.advance(HOUR)
    assert len(harness.posted()) == 6


def test_a_delivery_policy_of_the_subscription_goes_before_the_topics(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"healthyRetryPolicy": {"numRetries": 0}}))
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]


def test_a_throttle_spreads_messages_over_time(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 2}}))
    for _ in range(4):
        harness.publish(topic)
    assert len(harness.posted()) == 1
    for expected in (2, 3, 4):
        harness.advance(SECOND // 2)
        assert len(harness.posted()) == expected


@pytest.mark.parametrize(
    ("rate", "milliseconds", "count"), [(300, 31, 10), (700, 11, 8), (1500, 11, 17), (4000, 5, 21)]
)
def test_a_throttle_whose_interval_is_no_whole_millisecond_keeps_its_rate(
    harness: SnsHarness, rate: int, milliseconds: int, count: int
) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": rate}}))
    for _ in range(25):
        harness.publish(topic)
    assert len(harness.posted()) == 1
    harness.advance(milliseconds)
    assert len(harness.posted()) == count
    harness.advance(SECOND)
    assert len(harness.posted()) == 25


def test_a_throttle_does_not_hold_messages_up_after_the_clock_was_set_back(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 1}}))
    harness.publish(topic)
    harness.crash()
    harness.clock.jump(-HOUR)
    harness.up()
    harness.publish(topic)
    harness.advance(SECOND)
    assert len(harness.posted()) == 2


def test_a_mail_server_that_is_down_for_six_hours_gets_the_mail_then(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.mail.failures.extend([BUSY] * 50)
    harness.publish(topic)
    passed = 0
    while not harness.mailed():
        harness.advance(10 * SECOND)
        passed += 10 * SECOND
    assert 6 * HOUR < passed < 8 * HOUR
    assert [(delivery.status, delivery.attempts) for delivery in harness.deliveries(topic)] == [("DELIVERED", 51)]


def test_a_mail_that_nobody_takes_is_laid_into_the_dead_letter_queue(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com", RedrivePolicy=REDRIVE)
    harness.out.mail.failures.append(UNKNOWN)
    message = harness.publish(topic, Subject="Night")
    (dead,) = harness.queued("dead")
    assert set(dead) == {"QueueUrl", "MessageBody"}
    body = loads(dead["MessageBody"])
    assert (body["MessageId"], body["Subject"], body["Message"]) == (message, "Night", "the batch failed")
    assert counts(harness, topic)["redriven"] == 1
    assert [delivery.error for delivery in harness.deliveries(topic)] == ["550 no such person"]


def test_a_dead_letter_of_a_raw_subscription_is_raw(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK, RedrivePolicy=REDRIVE, RawMessageDelivery="true")
    harness.out.http.statuses.append(404)
    attributes = {"kind": {"DataType": "String", "StringValue": "night"}}
    harness.publish(topic, "body", MessageAttributes=attributes)
    (dead,) = harness.queued("dead")
    assert (dead["MessageBody"], dead["MessageAttributes"]) == ("body", attributes)


def test_a_queue_that_is_gone_is_not_tried_again_and_its_message_is_a_dead_letter(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", GONE, RedrivePolicy=REDRIVE)
    harness.publish(topic)
    assert len(harness.queued("dead")) == 1
    assert [(delivery.status, delivery.attempts) for delivery in harness.deliveries(topic)] == [("FAILED", 1)]
    assert harness.left() == 0


def test_a_dead_letter_queue_that_is_gone_loses_the_letter_and_nothing_else(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", GONE, RedrivePolicy=dumps({"deadLetterTargetArn": GONE}))
    harness.subscribe(topic, "sqs", QUEUE)
    harness.publish(topic)
    assert len(harness.queued()) == 1
    assert counts(harness, topic) == {"published": 1, "filtered": 0, "delivered": 1, "failed": 1, "redriven": 0}


def test_a_function_without_an_endpoint_is_told_as_failed(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "lambda", "arn:aws:lambda:us-east-1:123456789012:function:f")
    harness.publish(topic)
    assert ["--endpoint lambda=URL" in str(delivery.error) for delivery in harness.deliveries(topic)] == [True]


def test_what_waits_for_its_next_attempt_survives_a_crash(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.mail.failures.append(BUSY)
    harness.publish(topic)
    assert harness.mailed() == []
    harness.restart()
    harness.advance(10 * SECOND)
    assert harness.mailed() == ["ops@example.com"]
    assert harness.left() == 0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2])
def test_a_crash_at_any_commit_of_a_publish_loses_nothing_that_was_taken(
    harness: SnsHarness, commit: int, before: bool
) -> None:
    """The first commit takes the message, the second keeps what came of the delivery."""
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    harness.die_at(commit, before=before)
    try:
        harness.publish(topic)
    except EngineDied:
        harness.up()
    taken = not (commit == 1 and before)
    mails = harness.out.mail.sent
    assert len(mails) >= taken
    assert len({mail["Message-ID"] for mail in mails}) == taken
    assert len(mails) == (2 if (commit, before) == (2, True) else taken)
    assert len(harness.queued()) == taken
    assert harness.left() == 0


def test_what_is_unsubscribed_gets_no_further_attempts(harness: SnsHarness) -> None:
    topic = harness.topic()
    subscription = harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.sns("Unsubscribe", SubscriptionArn=subscription)
    harness.advance(HOUR)
    assert len(harness.posted()) == 1
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]
    assert harness.left() == 0


def test_a_topic_takes_what_was_on_its_way_with_it(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.sns("DeleteTopic", TopicArn=topic)
    harness.advance(HOUR)
    assert len(harness.posted()) == 1
    assert harness.deliveries(topic) == []
    assert harness.left() == 0


def test_a_message_that_cannot_be_read_is_told_as_failed_and_others_go_on(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.crash()
    harness.damage("UPDATE sns_deliveries SET body = '{broken' WHERE status = 'WAITING'")
    harness.up()
    harness.publish(topic)
    harness.advance(20 * SECOND)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["DELIVERED", "FAILED"]
    assert harness.left() == 0


def test_the_last_hundred_deliveries_of_each_outcome_are_remembered(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "sqs", GONE)
    for _ in range(deliveries.MAX_FINISHED + 5):
        harness.publish(topic)
    found = [delivery.status for delivery in harness.deliveries(topic)]
    assert len(found) == deliveries.MAX_FINISHED
    every = harness.rows("SELECT status, count(*) FROM sns_deliveries GROUP BY status ORDER BY status")
    assert every == [("DELIVERED", deliveries.MAX_FINISHED), ("FAILED", deliveries.MAX_FINISHED)]


def test_deliveries_that_wait_are_counted(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    assert deliveries.count(harness.engine.store.reader, "WAITING") == 1


def test_an_endpoint_that_is_down_is_told_of_once_and_so_is_that_it_is_back(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lamplighter.sns")
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "http", HOOK)
    harness.out.mail.failures.extend([BUSY] * 4)
    harness.out.http.statuses.append(503)
    for _ in range(2):
        harness.publish(topic)
    for _ in range(3):
        harness.advance(HOUR)
    said = (each.getMessage() for each in caplog.records)
    assert sorted(each for each in said if "will be retried" in each or "works again" in each) == [
        f"delivery to {HOOK} failed: the endpoint answered with 503; it will be retried",
        f"delivery to {HOOK} works again",
        "mail to ops@example.com failed: 421 come again; it will be retried",
        "mail to ops@example.com works again",
    ]


def test_a_fault_of_ours_is_logged_and_tried_again(harness: SnsHarness, caplog: pytest.LogCaptureFixture) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.statuses.append("nonsense")  # type: ignore[arg-type]
    harness.publish(topic)
    assert "failed with an internal error of the engine" in caplog.text
    harness.advance(20 * SECOND)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["DELIVERED"]


@pytest.mark.parametrize("at", ["write", "COMMIT"])
def test_a_full_disk_refuses_a_message_and_nothing_of_it_is_sent(harness: SnsHarness, at: str) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    harness.disk.fill(at)
    with pytest.raises(Unavailable):
        harness.publish(topic)
    harness.disk.fill("")
    harness.settle()
    assert (harness.mailed(), harness.queued()) == ([], [])
    harness.publish(topic)
    assert (len(harness.mailed()), len(harness.queued())) == (1, 1)


def test_a_queue_that_fails_through_its_own_fault_refuses_the_message_whole(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", f"{QUEUE}-busy")
    with pytest.raises(Unavailable):
        harness.publish(topic)
    assert harness.mailed() == []
    assert harness.deliveries(topic) == []


def test_a_subscription_whose_settings_cannot_be_read_gets_its_messages_all_the_same(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", QUEUE, RawMessageDelivery="true")
    harness.crash()
    harness.damage("UPDATE subscriptions SET attributes = '{broken'")
    harness.up()
    harness.publish(topic)
    assert len(harness.queued()) == 1


def test_a_slow_web_server_is_asked_a_few_times_at_once(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.http.release = asyncio.Event()
    for _ in range(3 * MAX_PARALLEL_ATTEMPTS):
        harness.publish(topic)
    assert len(harness.posted()) == MAX_PARALLEL_ATTEMPTS
    assert len(harness.mailed()) == 3 * MAX_PARALLEL_ATTEMPTS
    harness.out.http.release.set()
    harness.settle()
    assert len(harness.posted()) == 3 * MAX_PARALLEL_ATTEMPTS
    assert harness.left() == 0


def test_what_was_under_way_at_a_crash_is_brought_again(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.out.http.release = asyncio.Event()
    message = harness.publish(topic)
    harness.crash()
    harness.out.http.release = None
    harness.up()
    assert [post["MessageId"] for post in harness.posted()] == [message, message]
    assert harness.left() == 0


def test_the_last_deliveries_are_listed_a_page_at_a_time(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    for _ in range(60):
        harness.sns("Publish", TopicArn=topic, Message="x")
    harness.settle()
    first = harness.sns("ListDeliveries", TopicArn=topic)
    rest = harness.sns("ListDeliveries", TopicArn=topic, Before=first["Before"])
    assert (len(first["Deliveries"]), len(rest["Deliveries"]), "Before" in rest) == (50, 10, False)
    assert {(each["Endpoint"], each["Status"], each["Attempts"]) for each in first["Deliveries"]} == {
        (QUEUE, "DELIVERED", 1)
    }
