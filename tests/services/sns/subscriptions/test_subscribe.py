"""Test how subscriptions are created, confirmed, read, changed and deleted.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.delivery.tables import lost_alerts
from tests.engine_harness import ACCOUNT, DAY, REGION
from tests.services.sns.sns_harness import DEAD_LETTER_QUEUE, QUEUE, WEBHOOK, SnsHarness

STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s"


def request_subscription(
    harness: SnsHarness, topic: str, protocol: str = "http", endpoint: str = WEBHOOK, **params: Json
) -> str:
    """Subscribe without confirming, and return the SubscriptionArn of the answer."""
    arn: str = harness.sns("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint, **params)[
        "SubscriptionArn"
    ]
    return arn


def list_subscriptions(harness: SnsHarness) -> list[str]:
    return [each["SubscriptionArn"] for each in harness.sns("ListSubscriptions")["Subscriptions"]]


def test_a_webhook_gets_no_notification_before_it_confirms_the_subscription(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    assert request_subscription(harness, topic) == "pending confirmation"
    assert list_subscriptions(harness) == ["PendingConfirmation"]
    harness.publish(topic)
    (confirmation,) = harness.posted_documents()
    assert confirmation["Type"] == "SubscriptionConfirmation"
    assert confirmation["SubscribeURL"].startswith(
        "http://127.0.0.1:4566/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:"
    )
    answer = harness.call_unsigned("ConfirmSubscription", TopicArn=topic, Token=confirmation["Token"])
    assert list_subscriptions(harness) == [answer["SubscriptionArn"]]
    harness.publish(topic)
    assert [post["Type"] for post in harness.posted_documents()] == ["SubscriptionConfirmation", "Notification"]


def test_confirming_again_returns_the_same_subscription(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    request_subscription(harness, topic)
    token = harness.posted_documents()[0]["Token"]
    first = harness.call_unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
    assert harness.sns("ConfirmSubscription", TopicArn=topic, Token=token) == first


def test_an_invalid_token_confirms_nothing(harness: SnsHarness) -> None:
    topic, other = harness.create_topic(), harness.create_topic("other")
    request_subscription(harness, topic)
    token = harness.posted_documents()[0]["Token"]
    assert harness.expect_error("ConfirmSubscription", TopicArn=topic, Token="guess")[1] == "Invalid parameter: Token"
    assert harness.expect_error("ConfirmSubscription", TopicArn=other, Token=token)[1] == "Invalid parameter: Topic"
    assert list_subscriptions(harness) == ["PendingConfirmation"]


def test_an_unconfirmed_subscription_is_deleted_after_two_days(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    request_subscription(harness, topic)
    token = harness.posted_documents()[0]["Token"]
    harness.restart()
    harness.advance(2 * DAY - 1)
    assert list_subscriptions(harness) == ["PendingConfirmation"]
    harness.advance(1)
    assert list_subscriptions(harness) == []
    assert harness.expect_error("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_a_confirmed_subscription_is_kept(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.advance(3 * DAY)
    assert len(list_subscriptions(harness)) == 1


def test_subscribing_again_sends_the_confirmation_request_again(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    request_subscription(harness, topic)
    request_subscription(harness, topic)
    assert [post["Type"] for post in harness.posted_documents()] == ["SubscriptionConfirmation"] * 2
    assert len(list_subscriptions(harness)) == 1


def test_subscribing_again_returns_the_subscription_unless_its_attributes_differ(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    first = request_subscription(harness, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"})
    assert request_subscription(harness, topic, "sqs", QUEUE) == first
    assert request_subscription(harness, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"}) == first
    again = {"RawMessageDelivery": "true", "FilterPolicyScope": "MessageAttributes"}
    assert request_subscription(harness, topic, "sqs", QUEUE, Attributes=again) == first
    refused = harness.expect_error(
        "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "false"}
    )
    assert refused[1] == ("Invalid parameter: Attributes Reason: Subscription already exists with different attributes")


@pytest.mark.parametrize(
    ("protocol", "endpoint", "message"),
    [
        ("pigeon", "x", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"),
        ("http", "https://x.example", "Invalid parameter: Endpoint must match the specified protocol"),
        ("https", "http://x.example", "Invalid parameter: Endpoint must match the specified protocol"),
        ("http", "http://", "Invalid parameter: Endpoint must match the specified protocol"),
        ("http", "http://x.example:port/", "Invalid parameter: Endpoint must match the specified protocol"),
        ("http", "http://x.example/a b", "Invalid parameter: Endpoint must match the specified protocol"),
        ("email", "nobody", "Invalid parameter: Email address"),
        ("email", "a@b.example\nBcc: c@d.example", "Invalid parameter: Email address"),
        ("email-json", "a@b@c", "Invalid parameter: Email address"),
        ("sqs", "http://queue", "Invalid parameter: SQS endpoint ARN"),
        ("lambda", QUEUE, "Invalid parameter: Lambda endpoint ARN"),
        ("sms", "me", "Invalid SMS endpoint: me"),
        ("sms", "+15--551234567", "Invalid SMS endpoint: +15--551234567"),
        ("lamplighter:command", "", "Invalid parameter: Endpoint"),
    ],
)
def test_an_invalid_endpoint_is_refused(harness: SnsHarness, protocol: str, endpoint: str, message: str) -> None:
    topic = harness.create_topic()
    refused = harness.expect_error("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert refused == ("InvalidParameter", message)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"Colour": "red"}, "Invalid parameter: AttributeName"),
        (
            {"RawMessageDelivery": "yes"},
            "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [yes]. Must be true or false.",
        ),
        # https://github.com/aws-controllers-k8s/community/issues/2192 has the words, and
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/399 the value false.
        *(
            (
                {"RawMessageDelivery": value},
                (
                    "Invalid parameter: Attributes Reason: Delivery protocol [email] does not support raw message "
                    "delivery."
                ),
            )
            for value in ("true", "false")
        ),
        (
            {"FilterPolicyScope": "Header"},
            (
                "Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [Header]. Please use either "
                "MessageBody or MessageAttributes"
            ),
        ),
        (
            {"RedrivePolicy": dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE, "maxReceiveCount": 5})},
            (
                "Invalid parameter: Attributes Reason: RedrivePolicy: invalid JSON. Attribute maxReceiveCount is "
                "unknown."
            ),
        ),
        (
            {"RedrivePolicy": "{invalidjson}"},
            (
                "Invalid parameter: Attributes Reason: RedrivePolicy: failed to parse JSON. Unexpected character ('i' "
                "(code 105)): was expecting double-quote to start field name\n at [Source: REDACTED "
                "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]"
            ),
        ),
        (
            {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sns:us-east-1:1:x"}'},
            "Invalid parameter: Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
    ],
)
def test_invalid_attributes_are_refused(harness: SnsHarness, attributes: Json, message: str) -> None:
    topic = harness.create_topic()
    refused = harness.expect_error(
        "Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@b.example", Attributes=attributes
    )
    assert refused == ("InvalidParameter", message)
    assert list_subscriptions(harness) == []


def test_a_subscription_has_the_attributes_that_aws_returns(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "sqs", QUEUE)
    assert harness.get_subscription_attributes(arn) == {
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:user/lamplighter",
        "Owner": ACCOUNT,
        "RawMessageDelivery": "false",
        "TopicArn": topic,
        "Endpoint": QUEUE,
        "Protocol": "sqs",
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "SubscriptionArn": arn,
    }


def test_a_webhook_subscription_returns_its_effective_delivery_policy(harness: SnsHarness) -> None:
    policy = dumps({"healthyRetryPolicy": {"numRetries": 7, "backoffFunction": "exponential"}})
    arn = harness.subscribe(harness.create_topic(), "http", WEBHOOK, DeliveryPolicy=policy)
    shown = harness.get_subscription_attributes(arn)
    assert shown["DeliveryPolicy"] == policy
    effective = loads(shown["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]
    assert (effective["numRetries"], effective["minDelayTarget"]) == (7, 20)


def test_attributes_can_be_changed_one_at_a_time(harness: SnsHarness) -> None:
    arn = harness.subscribe(harness.create_topic(), "sqs", QUEUE)
    params = {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery"}
    harness.sns("SetSubscriptionAttributes", AttributeValue="true", **params)
    assert harness.get_subscription_attributes(arn)["RawMessageDelivery"] == "true"
    assert harness.expect_error("SetSubscriptionAttributes", AttributeValue="x", **params)[1] == (
        "Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false."
    )
    assert harness.expect_error("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="Owner")[1] == (
        "Invalid parameter: AttributeName"
    )


def test_a_signed_unsubscribe_sends_no_message(harness: SnsHarness) -> None:
    arn = harness.subscribe(harness.create_topic(), "http", WEBHOOK)
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    assert list_subscriptions(harness) == []
    assert harness.posted_documents() == []
    assert harness.expect_error("GetSubscriptionAttributes", SubscriptionArn=arn) == (
        "NotFound",
        "Subscription does not exist",
    )


def test_the_unsubscribe_link_sends_a_mail_with_a_token_that_restores_the_subscription(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "email", "ops@example.com")
    harness.call_unsigned("Unsubscribe", SubscriptionArn=arn)
    assert list_subscriptions(harness) == []
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "AWS Notification - Unsubscribe Confirmation"
    harness.publish(topic)
    assert len(harness.mail_recipients()) == 1
    token = str(mail.get_content()).partition("Token=")[2].split()[0]
    assert harness.call_unsigned("ConfirmSubscription", TopicArn=topic, Token=token)["SubscriptionArn"] == arn
    harness.publish(topic)
    assert len(harness.mail_recipients()) == 2


def test_an_ended_subscription_can_be_restored_for_two_days(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "http", WEBHOOK)
    harness.call_unsigned("Unsubscribe", SubscriptionArn=arn)
    assert harness.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    token = harness.posted_documents()[-1]["Token"]
    harness.advance(2 * DAY)
    assert harness.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "0"
    assert harness.expect_error("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_an_unsubscribed_endpoint_can_be_subscribed_again(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    first = harness.subscribe(topic, "email", "ops@example.com")
    harness.call_unsigned("Unsubscribe", SubscriptionArn=first)
    second = harness.subscribe(topic, "email", "ops@example.com")
    assert second != first
    assert list_subscriptions(harness) == [second]


def test_a_subscription_can_require_a_signed_unsubscribe(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    request_subscription(harness, topic)
    token = harness.posted_documents()[0]["Token"]
    params = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    arn = harness.sns("ConfirmSubscription", **params)["SubscriptionArn"]
    with pytest.raises(Exception, match="by its owner only"):
        harness.call_unsigned("Unsubscribe", SubscriptionArn=arn)
    assert list_subscriptions(harness) == [arn]
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    assert list_subscriptions(harness) == []


def test_a_mail_subscription_needs_confirmation_only_if_the_engine_is_configured_so(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    assert request_subscription(harness, topic, "email", "ops@example.com").startswith(topic)
    harness.down()
    harness.config = replace(harness.config, confirm_mail=True)
    harness.up()
    assert request_subscription(harness, topic, "email", "dev@example.com") == "pending confirmation"
    (mail,) = harness.out.mail.sent
    assert (mail["To"], mail["Subject"]) == ("dev@example.com", "AWS Notification - Subscription Confirmation")


def test_a_mail_subscription_needs_no_confirmation_without_a_mail_server(harness: SnsHarness) -> None:
    harness.down()
    harness.config = replace(harness.config, confirm_mail=True)
    harness.out.mail.folder = Path("mail")
    harness.up()
    topic = harness.create_topic()
    assert request_subscription(harness, topic, "email", "ops@example.com").startswith(topic)


def test_command_subscriptions_can_be_disabled(harness: SnsHarness) -> None:
    harness.down()
    harness.config = replace(harness.config, allow_commands=False)
    harness.up()
    refused = harness.expect_error(
        "Subscribe", TopicArn=harness.create_topic(), Protocol="lamplighter:command", Endpoint="true"
    )
    assert "--no-commands" in refused[1]


@pytest.mark.parametrize(
    ("protocol", "endpoint", "attributes"),
    [
        ("sms", "+15551234567", {}),
        ("application", f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/GCM/app/1", {}),
        ("firehose", STREAM, {"SubscriptionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/stream"}),
    ],
)
def test_an_unsupported_protocol_is_stored_and_the_log_says_that_it_gets_no_messages(
    harness: SnsHarness, protocol: str, endpoint: str, attributes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, protocol, endpoint, **attributes)
    assert harness.get_subscription_attributes(arn)["Endpoint"] == endpoint
    assert "will get no messages" in caplog.text
    harness.publish(topic)
    (delivery,) = harness.deliveries(topic)
    assert (delivery.status, delivery.error) == (
        "FAILED",
        f"this engine does not deliver by the protocol {protocol}",
    )


@pytest.mark.parametrize("attributes", [{}, {"SubscriptionRoleArn": "stream"}, {"SubscriptionRoleArn": QUEUE}])
def test_the_subscription_of_a_stream_needs_the_arn_of_a_role(harness: SnsHarness, attributes: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""
    params = {"TopicArn": harness.create_topic(), "Protocol": "firehose", "Endpoint": STREAM, "Attributes": attributes}
    code, message = harness.expect_error("Subscribe", **params)
    assert (code, "SubscriptionRoleArn" in message) == ("InvalidParameter", True)


def test_a_message_that_no_protocol_delivers_goes_to_the_dead_letter_queue(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sms", "+15551234567", RedrivePolicy=dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE}))
    harness.publish(topic)
    assert len(harness.queued_messages("dead")) == 1
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert lost.recipient == "sms +15551234567"


def test_subscriptions_are_listed_in_pages_of_one_hundred(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    for number in range(101):
        harness.subscribe(topic, "sqs", f"{QUEUE}{number}")
    for operation, params in (("ListSubscriptions", {}), ("ListSubscriptionsByTopic", {"TopicArn": topic})):
        first = harness.sns(operation, **params)
        second = harness.sns(operation, NextToken=first["NextToken"], **params)
        assert len(first["Subscriptions"]) == 100
        assert len({each["Endpoint"] for each in first["Subscriptions"] + second["Subscriptions"]}) == 101
        assert "NextToken" not in second


def test_a_missing_topic_accepts_no_subscription_and_lists_none(harness: SnsHarness) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    assert harness.expect_error("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)[0] == "NotFound"
    assert harness.expect_error("ListSubscriptionsByTopic", TopicArn=topic)[0] == "NotFound"
