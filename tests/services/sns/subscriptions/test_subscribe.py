"""Subscriptions: asked for, confirmed, shown, changed and ended.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from dataclasses import replace

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, DAY, REGION
from tests.services.sns.sns_harness import HOOK, QUEUE, SnsHarness


def ask(harness: SnsHarness, topic: str, protocol: str = "http", endpoint: str = HOOK, **params: Json) -> str:
    """Subscribe without confirming; what is answered."""
    arn: str = harness.sns("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint, **params)[
        "SubscriptionArn"
    ]
    return arn


def listed(harness: SnsHarness) -> list[str]:
    return [each["SubscriptionArn"] for each in harness.sns("ListSubscriptions")["Subscriptions"]]


def test_a_web_server_is_asked_and_gets_nothing_until_it_says_yes(harness: SnsHarness) -> None:
    topic = harness.topic()
    assert ask(harness, topic) == "pending confirmation"
    assert listed(harness) == ["PendingConfirmation"]
    harness.publish(topic)
    (asked,) = harness.posted()
    assert asked["Type"] == "SubscriptionConfirmation"
    assert asked["SubscribeURL"].startswith("http://127.0.0.1:4566/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:")
    answer = harness.unsigned("ConfirmSubscription", TopicArn=topic, Token=asked["Token"])
    assert listed(harness) == [answer["SubscriptionArn"]]
    harness.publish(topic)
    assert [post["Type"] for post in harness.posted()] == ["SubscriptionConfirmation", "Notification"]


def test_confirming_again_answers_the_same(harness: SnsHarness) -> None:
    topic = harness.topic()
    ask(harness, topic)
    token = harness.posted()[0]["Token"]
    first = harness.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
    assert harness.sns("ConfirmSubscription", TopicArn=topic, Token=token) == first


def test_a_token_that_is_none_confirms_nothing(harness: SnsHarness) -> None:
    topic, other = harness.topic(), harness.topic("other")
    ask(harness, topic)
    token = harness.posted()[0]["Token"]
    assert harness.refused("ConfirmSubscription", TopicArn=topic, Token="guess")[1] == "Invalid parameter: Token"
    assert harness.refused("ConfirmSubscription", TopicArn=other, Token=token)[1] == "Invalid parameter: Topic"
    assert listed(harness) == ["PendingConfirmation"]


def test_a_subscription_that_nobody_confirms_is_gone_after_two_days(harness: SnsHarness) -> None:
    topic = harness.topic()
    ask(harness, topic)
    token = harness.posted()[0]["Token"]
    harness.restart()
    harness.advance(2 * DAY - 1)
    assert listed(harness) == ["PendingConfirmation"]
    harness.advance(1)
    assert listed(harness) == []
    assert harness.refused("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_a_confirmed_subscription_stays(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.advance(3 * DAY)
    assert len(listed(harness)) == 1


def test_asking_again_asks_again(harness: SnsHarness) -> None:
    topic = harness.topic()
    ask(harness, topic)
    ask(harness, topic)
    assert [post["Type"] for post in harness.posted()] == ["SubscriptionConfirmation"] * 2
    assert len(listed(harness)) == 1


def test_subscribing_again_answers_with_the_subscription_unless_it_is_another(harness: SnsHarness) -> None:
    topic = harness.topic()
    first = ask(harness, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"})
    assert ask(harness, topic, "sqs", QUEUE) == first
    assert ask(harness, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"}) == first
    refused = harness.refused(
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
        ("sms", "me", "Invalid parameter: SMS endpoint"),
        ("lamplighter:command", "", "Invalid parameter: Endpoint"),
    ],
)
def test_an_endpoint_that_is_none_is_refused(harness: SnsHarness, protocol: str, endpoint: str, message: str) -> None:
    topic = harness.topic()
    refused = harness.refused("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert refused == ("InvalidParameter", message)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"Colour": "red"}, "Invalid parameter: AttributeName"),
        (
            {"RawMessageDelivery": "yes"},
            "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [yes]. Must be true or false.",
        ),
        (
            {"RawMessageDelivery": "true"},
            (
                "Invalid parameter: Attributes Reason: RawMessageDelivery: Delivery protocol [email] does not support "
                "raw message delivery."
            ),
        ),
        (
            {"FilterPolicyScope": "Header"},
            (
                "Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [Header]. Please use either "
                "MessageBody or MessageAttributes"
            ),
        ),
        ({"RedrivePolicy": "{"}, "Invalid parameter: Attributes Reason: RedrivePolicy: failed to parse JSON."),
        (
            {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sns:us-east-1:1:x"}'},
            "Invalid parameter: Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
    ],
)
def test_attributes_that_cannot_be_are_refused(harness: SnsHarness, attributes: Json, message: str) -> None:
    topic = harness.topic()
    refused = harness.refused(
        "Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@b.example", Attributes=attributes
    )
    assert refused == ("InvalidParameter", message)
    assert listed(harness) == []


def test_a_subscription_shows_what_aws_shows(harness: SnsHarness) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, "sqs", QUEUE)
    assert harness.attributes(arn) == {
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "Owner": ACCOUNT,
        "RawMessageDelivery": "false",
        "TopicArn": topic,
        "Endpoint": QUEUE,
        "Protocol": "sqs",
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "SubscriptionArn": arn,
    }


def test_a_web_servers_subscription_shows_the_policy_in_effect(harness: SnsHarness) -> None:
    policy = dumps({"healthyRetryPolicy": {"numRetries": 7, "backoffFunction": "exponential"}})
    arn = harness.subscribe(harness.topic(), "http", HOOK, DeliveryPolicy=policy)
    shown = harness.attributes(arn)
    assert shown["DeliveryPolicy"] == policy
    effective = loads(shown["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]
    assert (effective["numRetries"], effective["minDelayTarget"]) == (7, 20)


def test_attributes_are_changed_one_at_a_time(harness: SnsHarness) -> None:
    arn = harness.subscribe(harness.topic(), "sqs", QUEUE)
    given = {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery"}
    harness.sns("SetSubscriptionAttributes", AttributeValue="true", **given)
    assert harness.attributes(arn)["RawMessageDelivery"] == "true"
    assert harness.refused("SetSubscriptionAttributes", AttributeValue="x", **given)[1] == (
        "Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false."
    )
    assert harness.refused("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="Owner")[1] == (
        "Invalid parameter: AttributeName"
    )


def test_who_has_signed_unsubscribes_quietly(harness: SnsHarness) -> None:
    arn = harness.subscribe(harness.topic(), "http", HOOK)
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    assert listed(harness) == []
    assert harness.posted() == []
    assert harness.refused("GetSubscriptionAttributes", SubscriptionArn=arn) == (
        "NotFound",
        "Subscription does not exist",
    )


def test_who_opens_the_link_is_unsubscribed_and_told_the_way_back(harness: SnsHarness) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, "email", "ops@example.com")
    harness.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert listed(harness) == []
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "AWS Notification - Unsubscribe Confirmation"
    harness.publish(topic)
    assert len(harness.mailed()) == 1
    token = str(mail.get_content()).partition("Token=")[2].split()[0]
    assert harness.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)["SubscriptionArn"] == arn
    harness.publish(topic)
    assert len(harness.mailed()) == 2


def test_the_way_back_is_open_for_two_days(harness: SnsHarness) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, "http", HOOK)
    harness.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert harness.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    token = harness.posted()[-1]["Token"]
    harness.advance(2 * DAY)
    assert harness.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "0"
    assert harness.refused("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_an_endpoint_that_left_may_be_subscribed_anew(harness: SnsHarness) -> None:
    topic = harness.topic()
    first = harness.subscribe(topic, "email", "ops@example.com")
    harness.unsigned("Unsubscribe", SubscriptionArn=first)
    second = harness.subscribe(topic, "email", "ops@example.com")
    assert second != first
    assert listed(harness) == [second]


def test_a_subscription_may_be_locked_against_who_has_not_signed(harness: SnsHarness) -> None:
    topic = harness.topic()
    ask(harness, topic)
    token = harness.posted()[0]["Token"]
    given = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    arn = harness.sns("ConfirmSubscription", **given)["SubscriptionArn"]
    with pytest.raises(Exception, match="by its owner only"):
        harness.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert listed(harness) == [arn]
    harness.sns("Unsubscribe", SubscriptionArn=arn)
    assert listed(harness) == []


def test_mail_is_confirmed_at_once_unless_the_engine_is_told_to_ask(harness: SnsHarness) -> None:
    topic = harness.topic()
    assert ask(harness, topic, "email", "ops@example.com").startswith(topic)
    harness.down()
    harness.config = replace(harness.config, confirm_mail=True)
    harness.up()
    assert ask(harness, topic, "email", "dev@example.com") == "pending confirmation"
    (mail,) = harness.out.mail.sent
    assert (mail["To"], mail["Subject"]) == ("dev@example.com", "AWS Notification - Subscription Confirmation")


def test_where_no_mail_server_is_nobody_is_asked(harness: SnsHarness) -> None:
    harness.down()
    harness.config = replace(harness.config, confirm_mail=True)
    harness.out.mail.sends = False
    harness.up()
    topic = harness.topic()
    assert ask(harness, topic, "email", "ops@example.com").startswith(topic)


def test_commands_may_be_forbidden(harness: SnsHarness) -> None:
    harness.down()
    harness.config = replace(harness.config, allow_commands=False)
    harness.up()
    refused = harness.refused("Subscribe", TopicArn=harness.topic(), Protocol="lamplighter:command", Endpoint="true")
    assert "--no-commands" in refused[1]


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("sms", "+15551234567"),
        ("application", f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/GCM/app/1"),
        ("firehose", f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s"),
    ],
)
def test_what_means_nothing_on_one_box_is_kept_and_shown_and_said_so(
    harness: SnsHarness, protocol: str, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    topic = harness.topic()
    arn = harness.subscribe(topic, protocol, endpoint)
    assert harness.attributes(arn)["Endpoint"] == endpoint
    assert "will get no messages" in caplog.text
    harness.publish(topic)
    assert f"is not delivered to {endpoint}" in caplog.text


def test_subscriptions_are_listed_a_hundred_at_a_time(harness: SnsHarness) -> None:
    topic = harness.topic()
    for number in range(101):
        harness.subscribe(topic, "sqs", f"{QUEUE}{number}")
    for operation, params in (("ListSubscriptions", {}), ("ListSubscriptionsByTopic", {"TopicArn": topic})):
        first = harness.sns(operation, **params)
        second = harness.sns(operation, NextToken=first["NextToken"], **params)
        assert len(first["Subscriptions"]) == 100
        assert len({each["Endpoint"] for each in first["Subscriptions"] + second["Subscriptions"]}) == 101
        assert "NextToken" not in second


def test_a_topic_that_is_not_there_takes_no_subscription(harness: SnsHarness) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    assert harness.refused("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)[0] == "NotFound"
    assert harness.refused("ListSubscriptionsByTopic", TopicArn=topic)[0] == "NotFound"
