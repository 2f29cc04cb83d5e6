"""Subscriptions: asked for, confirmed, shown, changed and ended.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from dataclasses import replace

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.engines import ACCOUNT, DAY, REGION
from tests.services.sns.town import HOOK, QUEUE, Town


def ask(town: Town, topic: str, protocol: str = "http", endpoint: str = HOOK, **params: Json) -> str:
    """Subscribe without confirming; what is answered."""
    arn: str = town.sns("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint, **params)["SubscriptionArn"]
    return arn


def listed(town: Town) -> list[str]:
    return [each["SubscriptionArn"] for each in town.sns("ListSubscriptions")["Subscriptions"]]


def test_a_web_server_is_asked_and_gets_nothing_until_it_says_yes(town: Town) -> None:
    topic = town.topic()
    assert ask(town, topic) == "pending confirmation"
    assert listed(town) == ["PendingConfirmation"]
    town.publish(topic)
    (asked,) = town.posted()
    assert asked["Type"] == "SubscriptionConfirmation"
    assert asked["SubscribeURL"].startswith("http://127.0.0.1:4566/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:")
    answer = town.unsigned("ConfirmSubscription", TopicArn=topic, Token=asked["Token"])
    assert listed(town) == [answer["SubscriptionArn"]]
    town.publish(topic)
    assert [post["Type"] for post in town.posted()] == ["SubscriptionConfirmation", "Notification"]


def test_confirming_again_answers_the_same(town: Town) -> None:
    topic = town.topic()
    ask(town, topic)
    token = town.posted()[0]["Token"]
    first = town.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
    assert town.sns("ConfirmSubscription", TopicArn=topic, Token=token) == first


def test_a_token_that_is_none_confirms_nothing(town: Town) -> None:
    topic, other = town.topic(), town.topic("other")
    ask(town, topic)
    token = town.posted()[0]["Token"]
    assert town.refused("ConfirmSubscription", TopicArn=topic, Token="guess")[1] == "Invalid parameter: Token"
    assert town.refused("ConfirmSubscription", TopicArn=other, Token=token)[1] == "Invalid parameter: Topic"
    assert listed(town) == ["PendingConfirmation"]


def test_a_subscription_that_nobody_confirms_is_gone_after_two_days(town: Town) -> None:
    topic = town.topic()
    ask(town, topic)
    token = town.posted()[0]["Token"]
    town.restart()
    town.advance(2 * DAY - 1)
    assert listed(town) == ["PendingConfirmation"]
    town.advance(1)
    assert listed(town) == []
    assert town.refused("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_a_confirmed_subscription_stays(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    town.advance(3 * DAY)
    assert len(listed(town)) == 1


def test_asking_again_asks_again(town: Town) -> None:
    topic = town.topic()
    ask(town, topic)
    ask(town, topic)
    assert [post["Type"] for post in town.posted()] == ["SubscriptionConfirmation"] * 2
    assert len(listed(town)) == 1


def test_subscribing_again_answers_with_the_subscription_unless_it_is_another(town: Town) -> None:
    topic = town.topic()
    first = ask(town, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"})
    assert ask(town, topic, "sqs", QUEUE) == first
    assert ask(town, topic, "sqs", QUEUE, Attributes={"RawMessageDelivery": "true"}) == first
    refused = town.refused(
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
def test_an_endpoint_that_is_none_is_refused(town: Town, protocol: str, endpoint: str, message: str) -> None:
    topic = town.topic()
    refused = town.refused("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
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
def test_attributes_that_cannot_be_are_refused(town: Town, attributes: Json, message: str) -> None:
    topic = town.topic()
    refused = town.refused("Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@b.example", Attributes=attributes)
    assert refused == ("InvalidParameter", message)
    assert listed(town) == []


def test_a_subscription_shows_what_aws_shows(town: Town) -> None:
    topic = town.topic()
    arn = town.subscribe(topic, "sqs", QUEUE)
    assert town.attributes(arn) == {
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


def test_a_web_servers_subscription_shows_the_policy_in_effect(town: Town) -> None:
    policy = dumps({"healthyRetryPolicy": {"numRetries": 7, "backoffFunction": "exponential"}})
    arn = town.subscribe(town.topic(), "http", HOOK, DeliveryPolicy=policy)
    shown = town.attributes(arn)
    assert shown["DeliveryPolicy"] == policy
    effective = loads(shown["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]
    assert (effective["numRetries"], effective["minDelayTarget"]) == (7, 20)


def test_attributes_are_changed_one_at_a_time(town: Town) -> None:
    arn = town.subscribe(town.topic(), "sqs", QUEUE)
    given = {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery"}
    town.sns("SetSubscriptionAttributes", AttributeValue="true", **given)
    assert town.attributes(arn)["RawMessageDelivery"] == "true"
    assert town.refused("SetSubscriptionAttributes", AttributeValue="x", **given)[1] == (
        "Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false."
    )
    assert town.refused("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="Owner")[1] == (
        "Invalid parameter: AttributeName"
    )


def test_who_has_signed_unsubscribes_quietly(town: Town) -> None:
    arn = town.subscribe(town.topic(), "http", HOOK)
    town.sns("Unsubscribe", SubscriptionArn=arn)
    town.sns("Unsubscribe", SubscriptionArn=arn)
    assert listed(town) == []
    assert town.posted() == []
    assert town.refused("GetSubscriptionAttributes", SubscriptionArn=arn) == (
        "NotFound",
        "Subscription does not exist",
    )


def test_who_opens_the_link_is_unsubscribed_and_told_the_way_back(town: Town) -> None:
    topic = town.topic()
    arn = town.subscribe(topic, "email", "ops@example.com")
    town.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert listed(town) == []
    (mail,) = town.out.mail.sent
    assert mail["Subject"] == "AWS Notification - Unsubscribe Confirmation"
    town.publish(topic)
    assert len(town.mailed()) == 1
    token = str(mail.get_content()).partition("Token=")[2].split()[0]
    assert town.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)["SubscriptionArn"] == arn
    town.publish(topic)
    assert len(town.mailed()) == 2


def test_the_way_back_is_open_for_two_days(town: Town) -> None:
    topic = town.topic()
    arn = town.subscribe(topic, "http", HOOK)
    town.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert town.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    token = town.posted()[-1]["Token"]
    town.advance(2 * DAY)
    assert town.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "0"
    assert town.refused("ConfirmSubscription", TopicArn=topic, Token=token)[1] == "Invalid parameter: Token"


def test_an_endpoint_that_left_may_be_subscribed_anew(town: Town) -> None:
    topic = town.topic()
    first = town.subscribe(topic, "email", "ops@example.com")
    town.unsigned("Unsubscribe", SubscriptionArn=first)
    second = town.subscribe(topic, "email", "ops@example.com")
    assert second != first
    assert listed(town) == [second]


def test_a_subscription_may_be_locked_against_who_has_not_signed(town: Town) -> None:
    topic = town.topic()
    ask(town, topic)
    token = town.posted()[0]["Token"]
    given = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    arn = town.sns("ConfirmSubscription", **given)["SubscriptionArn"]
    with pytest.raises(Exception, match="by its owner only"):
        town.unsigned("Unsubscribe", SubscriptionArn=arn)
    assert listed(town) == [arn]
    town.sns("Unsubscribe", SubscriptionArn=arn)
    assert listed(town) == []


def test_mail_is_confirmed_at_once_unless_the_engine_is_told_to_ask(town: Town) -> None:
    topic = town.topic()
    assert ask(town, topic, "email", "ops@example.com").startswith(topic)
    town.down()
    town.config = replace(town.config, confirm_mail=True)
    town.up()
    assert ask(town, topic, "email", "dev@example.com") == "pending confirmation"
    (mail,) = town.out.mail.sent
    assert (mail["To"], mail["Subject"]) == ("dev@example.com", "AWS Notification - Subscription Confirmation")


def test_where_no_mail_server_is_nobody_is_asked(town: Town) -> None:
    town.down()
    town.config = replace(town.config, confirm_mail=True)
    town.out.mail.sends = False
    town.up()
    topic = town.topic()
    assert ask(town, topic, "email", "ops@example.com").startswith(topic)


def test_commands_may_be_forbidden(town: Town) -> None:
    town.down()
    town.config = replace(town.config, commands=False)
    town.up()
    refused = town.refused("Subscribe", TopicArn=town.topic(), Protocol="lamplighter:command", Endpoint="true")
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
    town: Town, protocol: str, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    topic = town.topic()
    arn = town.subscribe(topic, protocol, endpoint)
    assert town.attributes(arn)["Endpoint"] == endpoint
    assert "gets nothing" in caplog.text
    town.publish(topic)
    assert f"is not delivered to {endpoint}" in caplog.text


def test_subscriptions_are_listed_a_hundred_at_a_time(town: Town) -> None:
    topic = town.topic()
    for number in range(101):
        town.subscribe(topic, "sqs", f"{QUEUE}{number}")
    for operation, params in (("ListSubscriptions", {}), ("ListSubscriptionsByTopic", {"TopicArn": topic})):
        first = town.sns(operation, **params)
        second = town.sns(operation, NextToken=first["NextToken"], **params)
        assert len(first["Subscriptions"]) == 100
        assert len({each["Endpoint"] for each in first["Subscriptions"] + second["Subscriptions"]}) == 101
        assert "NextToken" not in second


def test_a_topic_that_is_not_there_takes_no_subscription(town: Town) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    assert town.refused("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)[0] == "NotFound"
    assert town.refused("ListSubscriptionsByTopic", TopicArn=topic)[0] == "NotFound"
