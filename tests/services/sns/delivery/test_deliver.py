"""Test deliveries to subscriptions, their retries by the delivery policy, and their end in the dead-letter queue.

A queue gets each message exactly once, other endpoints get it at least once.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import asyncio
import logging
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import dumps, loads
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.services.sns.delivery.deliver import MAX_PARALLEL_ATTEMPTS
from lamplighter.services.sns.tables import deliveries, topics
from tests.engine_harness import HOUR, SECOND, EngineDied
from tests.services.sns.sns_harness import DEAD_LETTER_QUEUE, MISSING_QUEUE, QUEUE, WEBHOOK, SnsHarness

RETRYABLE_ERROR = DeliveryFailed("421 come again", retryable=True)
PERMANENT_ERROR = DeliveryFailed("550 no such person", retryable=False)
REDRIVE_POLICY = dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE})


def read_counts(harness: SnsHarness, topic: str) -> dict[str, int]:
    return topics.counts(harness.engine.store.reader, topic)


def test_one_message_reaches_every_subscription_through_its_protocol(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "http", WEBHOOK)
    harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "lamplighter:command", "page-somebody")
    message = harness.publish(topic, Subject="Night")
    assert harness.mail_recipients() == ["ops@example.com"]
    assert [post["MessageId"] for post in harness.posted_documents()] == [message]
    assert [loads(each["MessageBody"])["MessageId"] for each in harness.queued_messages()] == [message]
    (run,) = harness.out.programs.runs
    assert (run.command, run.stdin) == ("page-somebody", b"the batch failed")
    assert run.environment == {
        "LAMPLIGHTER_SUBJECT": "Night",
        "LAMPLIGHTER_TOPIC": topic,
        "LAMPLIGHTER_MESSAGE_ID": message,
    }
    assert harness.count_pending() == 0
    assert read_counts(harness, topic) == {"published": 1, "filtered": 0, "delivered": 4, "failed": 0, "redriven": 0}


@pytest.mark.parametrize("line_break", ["\u2028", "\u2029"])
def test_a_mail_is_sent_although_its_subject_has_a_line_break_of_unicode(harness: SnsHarness, line_break: str) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.publish(topic, Subject=f"Night{line_break}batch")
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "Night batch"
    assert b"Night batch" in mail.as_bytes()
    assert harness.count_pending() == 0


def test_the_log_does_not_call_a_mail_sent_that_is_a_file(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    caplog.set_level(logging.INFO, "lamplighter.sns")
    harness.publish(topic)
    assert "mail to ops@example.com succeeded" in caplog.text
    caplog.clear()
    harness.out.mail.folder = Path("data/mail")
    harness.publish(topic)
    line = "mail to ops@example.com was not sent, because there is no mail server: it is a file in data/mail"
    assert line in caplog.text
    assert "succeeded" not in caplog.text


def test_a_failing_webhook_gets_four_attempts_twenty_seconds_apart(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.extend([503, RETRYABLE_ERROR, 429, 500, 200])
    harness.publish(topic)
    for attempts in (1, 2, 3):
        assert len(harness.posted_documents()) == attempts
        harness.advance(19 * SECOND)
        assert len(harness.posted_documents()) == attempts
        harness.advance(1 * SECOND)
    harness.advance(HOUR)
    assert len(harness.posted_documents()) == 4
    (delivery,) = harness.deliveries(topic)
    assert (delivery.status, delivery.attempts, delivery.error) == ("FAILED", 4, "the endpoint answered with 500")
    assert read_counts(harness, topic)["failed"] == 1
    assert harness.count_pending() == 0


def test_a_webhook_for_which_the_owner_of_the_engine_vouches_is_tried_for_six_hours(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("AddConfirmedSubscription", TopicArn=topic, Protocol="http", Endpoint=WEBHOOK)
    harness.out.http.statuses.extend([503] * 50)
    harness.publish(topic)
    minutes = 0
    while harness.count_pending():
        harness.advance(60 * SECOND)
        minutes += 1
    assert 6 * 60 < minutes < 8 * 60
    assert [(each.status, each.attempts) for each in harness.deliveries(topic)] == [("DELIVERED", 51)]


def test_a_policy_decides_how_long_a_webhook_is_tried_for_which_the_owner_vouches(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.sns("AddConfirmedSubscription", TopicArn=topic, Protocol="http", Endpoint=WEBHOOK)["SubscriptionArn"]
    policy = dumps({"healthyRetryPolicy": {"numRetries": 1, "minDelayTarget": 1, "maxDelayTarget": 1}})
    harness.sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue=policy)
    harness.out.http.statuses.extend([503, 503])
    harness.publish(topic)
    harness.advance(HOUR)
    assert [(each.status, each.attempts) for each in harness.deliveries(topic)] == [("FAILED", 2)]


def test_the_token_of_another_subscription_confirms_none_for_which_the_owner_vouches(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("AddConfirmedSubscription", TopicArn=topic, Protocol="http", Endpoint=WEBHOOK)
    assert harness.expect_error("ConfirmSubscription", TopicArn=topic, Token="")[0] == "InvalidParameter"


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_webhook_that_refuses_a_message_gets_no_retry(harness: SnsHarness, status: int) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(status)
    harness.publish(topic)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]
    assert harness.count_pending() == 0


def test_every_attempt_sends_the_same_message_id_and_body(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.advance(20 * SECOND)
    first, second = harness.out.http.posts
    assert first.headers["x-amz-sns-message-id"] == second.headers["x-amz-sns-message-id"]
    assert first.body == second.body


RUN = "arn:aws:states:us-east-1:123456789012:execution:nightly:2026-11-29"


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("endpoint", [("http", WEBHOOK), ("sqs", QUEUE), ("sqs", MISSING_QUEUE)])
def test_a_finished_delivery_keeps_the_run_that_its_message_names_and_nothing_else(
    harness: SnsHarness, status: int, endpoint: tuple[str, str]
) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, *endpoint)
    harness.out.http.statuses.extend([status, status])
    harness.publish(topic, f"nightly failed: http://engine:4566/runs/{RUN}.")
    harness.publish(topic, "all is well")
    second, first = harness.deliveries(topic)
    assert {first.status, second.status} <= {"DELIVERED", "FAILED"}
    assert (first.execution, second.execution) == (RUN, None)
    assert (first.body, second.body) == ({"execution": RUN}, None)


def test_a_pending_delivery_knows_the_run_that_its_message_names(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(503)
    harness.publish(topic, f"nightly failed: http://engine:4566/runs/{RUN}")
    (delivery,) = harness.deliveries(topic)
    assert (delivery.status, delivery.execution) == ("WAITING", RUN)


def test_the_delivery_policy_of_a_topic_sets_the_retry_delays(harness: SnsHarness) -> None:
    retry = {"minDelayTarget": 2, "maxDelayTarget": 8, "numRetries": 5, "numNoDelayRetries": 1, "numMinDelayRetries": 1}
    policy = {"http": {"defaultHealthyRetryPolicy": retry}}
    topic = harness.create_topic(DeliveryPolicy=dumps(policy))
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.extend([500] * 9)
    harness.publish(topic)
    assert len(harness.posted_documents()) == 2  # the first attempt, and one immediate retry
    for delay in (2, 2, 5, 8):
        before = len(harness.posted_documents())
        harness.advance(delay * SECOND - 1)
        assert len(harness.posted_documents()) == before
        harness.advance(1)
        assert len(harness.posted_documents()) == before + 1
    harness.advance(HOUR)
    assert len(harness.posted_documents()) == 6


def test_the_delivery_policy_of_a_subscription_overrides_that_of_its_topic(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK, DeliveryPolicy=dumps({"healthyRetryPolicy": {"numRetries": 0}}))
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]


def test_a_throttle_policy_spreads_messages_over_time(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 2}}))
    for _ in range(4):
        harness.publish(topic)
    assert len(harness.posted_documents()) == 1
    for expected in (2, 3, 4):
        harness.advance(SECOND // 2)
        assert len(harness.posted_documents()) == expected


@pytest.mark.parametrize(
    ("rate", "milliseconds", "count"), [(300, 31, 10), (700, 11, 8), (1500, 11, 17), (4000, 5, 21)]
)
def test_a_throttle_policy_keeps_a_rate_whose_interval_is_not_a_whole_millisecond(
    harness: SnsHarness, rate: int, milliseconds: int, count: int
) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": rate}}))
    for _ in range(25):
        harness.publish(topic)
    assert len(harness.posted_documents()) == 1
    harness.advance(milliseconds)
    assert len(harness.posted_documents()) == count
    harness.advance(SECOND)
    assert len(harness.posted_documents()) == 25


def test_a_throttle_policy_does_not_block_messages_after_the_clock_was_set_back(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK, DeliveryPolicy=dumps({"throttlePolicy": {"maxReceivesPerSecond": 1}}))
    harness.publish(topic)
    harness.crash()
    harness.clock.jump(-HOUR)
    harness.up()
    harness.publish(topic)
    harness.advance(SECOND)
    assert len(harness.posted_documents()) == 2


def test_a_mail_is_delivered_after_its_server_was_down_for_six_hours(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.mail.failures.extend([RETRYABLE_ERROR] * 50)
    harness.publish(topic)
    elapsed = 0
    while not harness.mail_recipients():
        harness.advance(10 * SECOND)
        elapsed += 10 * SECOND
    assert 6 * HOUR < elapsed < 8 * HOUR
    assert [(delivery.status, delivery.attempts) for delivery in harness.deliveries(topic)] == [("DELIVERED", 51)]


def test_a_permanently_refused_mail_moves_to_the_dead_letter_queue(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com", RedrivePolicy=REDRIVE_POLICY)
    harness.out.mail.failures.append(PERMANENT_ERROR)
    message = harness.publish(topic, Subject="Night")
    (dead,) = harness.queued_messages("dead")
    assert set(dead) == {"QueueUrl", "MessageBody"}
    body = loads(dead["MessageBody"])
    assert (body["MessageId"], body["Subject"], body["Message"]) == (message, "Night", "the batch failed")
    assert read_counts(harness, topic)["redriven"] == 1
    assert [delivery.error for delivery in harness.deliveries(topic)] == ["550 no such person"]


def test_a_dead_letter_of_a_raw_subscription_is_raw(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK, RedrivePolicy=REDRIVE_POLICY, RawMessageDelivery="true")
    harness.out.http.statuses.append(404)
    attributes = {"kind": {"DataType": "String", "StringValue": "night"}}
    harness.publish(topic, "body", MessageAttributes=attributes)
    (dead,) = harness.queued_messages("dead")
    assert (dead["MessageBody"], dead["MessageAttributes"]) == ("body", attributes)


def test_a_message_to_a_missing_queue_moves_to_the_dead_letter_queue_without_retries(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", MISSING_QUEUE, RedrivePolicy=REDRIVE_POLICY)
    harness.publish(topic)
    assert len(harness.queued_messages("dead")) == 1
    assert [(delivery.status, delivery.attempts) for delivery in harness.deliveries(topic)] == [("FAILED", 1)]
    assert harness.count_pending() == 0


def test_a_missing_dead_letter_queue_loses_only_its_own_message(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", MISSING_QUEUE, RedrivePolicy=dumps({"deadLetterTargetArn": MISSING_QUEUE}))
    harness.subscribe(topic, "sqs", QUEUE)
    harness.publish(topic)
    assert len(harness.queued_messages()) == 1
    assert read_counts(harness, topic) == {"published": 1, "filtered": 0, "delivered": 1, "failed": 1, "redriven": 0}


def test_a_delivery_to_a_lambda_function_without_an_endpoint_fails(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "lambda", "arn:aws:lambda:us-east-1:123456789012:function:f")
    harness.publish(topic)
    assert ["--endpoint lambda=URL" in str(delivery.error) for delivery in harness.deliveries(topic)] == [True]


def test_a_delivery_that_waits_for_a_retry_survives_a_crash(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.mail.failures.append(RETRYABLE_ERROR)
    harness.publish(topic)
    assert harness.mail_recipients() == []
    harness.restart()
    harness.advance(10 * SECOND)
    assert harness.mail_recipients() == ["ops@example.com"]
    assert harness.count_pending() == 0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2])
def test_a_crash_at_any_commit_of_a_publish_loses_no_accepted_message(
    harness: SnsHarness, commit: int, before: bool
) -> None:
    """The first commit stores the message, the second stores the outcome of the delivery."""
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    harness.die_at(commit, before=before)
    try:
        harness.publish(topic)
    except EngineDied:
        harness.up()
    accepted = not (commit == 1 and before)
    mails = harness.out.mail.sent
    assert len(mails) >= accepted
    assert len({mail["Message-ID"] for mail in mails}) == accepted
    assert len(mails) == (2 if (commit, before) == (2, True) else accepted)
    assert len(harness.queued_messages()) == accepted
    assert harness.count_pending() == 0


def test_an_unsubscribed_endpoint_gets_no_further_attempts(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    subscription = harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.sns("Unsubscribe", SubscriptionArn=subscription)
    harness.advance(HOUR)
    assert len(harness.posted_documents()) == 1
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["FAILED"]
    assert harness.count_pending() == 0


def test_deleting_a_topic_deletes_its_pending_deliveries(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.sns("DeleteTopic", TopicArn=topic)
    harness.advance(HOUR)
    assert len(harness.posted_documents()) == 1
    assert harness.deliveries(topic) == []
    assert harness.count_pending() == 0


def test_a_damaged_delivery_fails_and_the_others_continue(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    harness.crash()
    harness.damage("UPDATE sns_deliveries SET body = '{broken' WHERE status = 'WAITING'")
    harness.up()
    harness.publish(topic)
    harness.advance(20 * SECOND)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["DELIVERED", "FAILED"]
    assert harness.count_pending() == 0


def test_the_last_hundred_deliveries_of_each_outcome_are_kept(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "sqs", MISSING_QUEUE)
    for _ in range(deliveries.MAX_FINISHED + 5):
        harness.publish(topic)
    found = [delivery.status for delivery in harness.deliveries(topic)]
    assert len(found) == deliveries.MAX_FINISHED
    every = harness.rows("SELECT status, count(*) FROM sns_deliveries GROUP BY status ORDER BY status")
    assert every == [("DELIVERED", deliveries.MAX_FINISHED), ("FAILED", deliveries.MAX_FINISHED)]


def test_waiting_deliveries_are_counted(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append(500)
    harness.publish(topic)
    assert deliveries.count(harness.engine.store.reader, "WAITING") == 1


def test_the_failure_and_the_recovery_of_an_endpoint_are_each_logged_once(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lamplighter.sns")
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "http", "http://anna:swordfish@hooks.example/alerts?token=secret")
    harness.out.mail.failures.extend([RETRYABLE_ERROR] * 4)
    harness.out.http.statuses.append(503)
    for _ in range(2):
        harness.publish(topic)
    for _ in range(3):
        harness.advance(HOUR)
    messages = (each.getMessage() for each in caplog.records)
    assert sorted(each for each in messages if "will be retried" in each or "works again" in each) == [
        "delivery to http hooks.example failed: the endpoint answered with 503; it will be retried",
        "delivery to http hooks.example works again",
        "mail to ops@example.com failed: 421 come again; it will be retried",
        "mail to ops@example.com works again",
    ]


def test_the_error_of_a_webhook_is_stored_and_logged_without_its_address(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    url = "http://127.0.0.1:8080/hook/SECRETTOKEN"
    topic = harness.create_topic()
    harness.subscribe(topic, "http", url)
    says = f"ClientResponseError: 400, url='{url}': Cannot POST /hook/SECRETTOKEN"
    harness.out.http.statuses.extend([DeliveryFailed(says, retryable=True), DeliveryFailed(says, retryable=False)])
    for _ in range(2):
        harness.publish(topic)
    hidden = "ClientResponseError: 400, url='the address': Cannot POST …"
    assert [delivery.error for delivery in harness.deliveries(topic)] == [hidden, hidden]
    assert hidden in caplog.text
    assert "SECRETTOKEN" not in caplog.text


def test_an_internal_error_is_logged_and_retried(harness: SnsHarness, caplog: pytest.LogCaptureFixture) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.statuses.append("nonsense")  # type: ignore[arg-type]
    harness.publish(topic)
    assert "failed with an internal error of the engine" in caplog.text
    harness.advance(20 * SECOND)
    assert [delivery.status for delivery in harness.deliveries(topic)] == ["DELIVERED"]


@pytest.mark.parametrize("at", ["write", "COMMIT"])
def test_with_a_full_disk_a_message_is_refused_and_not_sent(harness: SnsHarness, at: str) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    harness.disk.fill(at)
    with pytest.raises(Unavailable):
        harness.publish(topic)
    harness.disk.fill("")
    harness.settle()
    assert (harness.mail_recipients(), harness.queued_messages()) == ([], [])
    harness.publish(topic)
    assert (len(harness.mail_recipients()), len(harness.queued_messages())) == (1, 1)


def test_an_unavailable_queue_makes_the_whole_publish_fail(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", f"{QUEUE}-busy")
    with pytest.raises(Unavailable):
        harness.publish(topic)
    assert harness.mail_recipients() == []
    assert harness.deliveries(topic) == []


def test_a_subscription_with_damaged_settings_still_gets_its_messages(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE, RawMessageDelivery="true")
    harness.crash()
    harness.damage("UPDATE subscriptions SET attributes = '{broken'")
    harness.up()
    harness.publish(topic)
    assert len(harness.queued_messages()) == 1


def test_a_slow_webhook_gets_a_limited_number_of_parallel_requests(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.subscribe(topic, "email", "ops@example.com")
    harness.out.http.release = asyncio.Event()
    for _ in range(3 * MAX_PARALLEL_ATTEMPTS):
        harness.publish(topic)
    assert len(harness.posted_documents()) == MAX_PARALLEL_ATTEMPTS
    assert len(harness.mail_recipients()) == 3 * MAX_PARALLEL_ATTEMPTS
    harness.out.http.release.set()
    harness.settle()
    assert len(harness.posted_documents()) == 3 * MAX_PARALLEL_ATTEMPTS
    assert harness.count_pending() == 0


def test_an_attempt_that_a_crash_interrupted_is_repeated(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.out.http.release = asyncio.Event()
    message = harness.publish(topic)
    harness.crash()
    harness.out.http.release = None
    harness.up()
    assert [post["MessageId"] for post in harness.posted_documents()] == [message, message]
    assert harness.count_pending() == 0


def test_the_last_deliveries_are_listed_in_pages(harness: SnsHarness) -> None:
    topic = harness.create_topic()
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
