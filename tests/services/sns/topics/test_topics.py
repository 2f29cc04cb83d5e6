"""Test the operations on topics. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import QUEUE, SnsHarness

TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def get_topic_attributes(harness: SnsHarness, topic: str) -> dict[str, str]:
    found: dict[str, str] = harness.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]
    return found


def test_create_topic_returns_the_arn(harness: SnsHarness) -> None:
    assert harness.create_topic() == TOPIC_ARN


def test_a_new_topic_has_the_default_attributes_of_aws(harness: SnsHarness) -> None:
    shown = get_topic_attributes(harness, harness.create_topic())
    policy, delivery = loads(shown.pop("Policy")), loads(shown.pop("EffectiveDeliveryPolicy"))
    assert shown == {
        "Owner": ACCOUNT,
        "TopicArn": TOPIC_ARN,
        "DisplayName": "",
        "SubscriptionsPending": "0",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
    }
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    assert delivery["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3


def test_creating_a_topic_again_returns_the_same_arn(harness: SnsHarness) -> None:
    harness.create_topic(DisplayName="Nights")
    assert harness.create_topic(DisplayName="Nights") == TOPIC_ARN
    assert harness.create_topic() == TOPIC_ARN


def test_creating_a_topic_again_with_some_of_its_tags_or_with_defaults_returns_the_same_arn(
    harness: SnsHarness,
) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    harness.sns("CreateTopic", Name="alerts", Tags=tags)
    for given in (tags, tags[:1], []):
        assert harness.sns("CreateTopic", Name="alerts", Tags=given) == {"TopicArn": TOPIC_ARN}
    assert harness.create_topic(FifoTopic="false", SignatureVersion="1") == TOPIC_ARN
    refused = harness.expect_error("CreateTopic", Name="alerts", Tags=[*tags, {"Key": "c", "Value": "3"}])
    assert refused[1] == "Invalid parameter: Tags Reason: Topic already exists with different tags"


def test_creating_a_topic_again_with_other_attributes_or_tags_is_refused(harness: SnsHarness) -> None:
    harness.sns("CreateTopic", Name="alerts", Tags=[{"Key": "team", "Value": "night"}])
    assert harness.expect_error("CreateTopic", Name="alerts", Attributes={"DisplayName": "x"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert harness.expect_error("CreateTopic", Name="alerts", Tags=[{"Key": "team", "Value": "day"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("", {}),
        ("a b", {}),
        ("x" * 257, {}),
        ("orders.fifo", {}),
        ("orders", {"FifoTopic": "true"}),
        (".fifo", {"FifoTopic": "true"}),
        ("x" * 252 + ".fifo", {"FifoTopic": "true"}),
    ],
)
def test_an_invalid_topic_name_is_refused(harness: SnsHarness, name: str, attributes: Json) -> None:
    code, message = harness.expect_error("CreateTopic", Name=name, Attributes=attributes)
    assert code == "InvalidParameter"
    assert message == "Invalid parameter: Topic Name"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Colour", "red"),
        ("Policy", "{"),
        ("Policy", "[]"),
        ("Policy", dumps({"Statement": {"Resource": [TOPIC_ARN, f"{TOPIC_ARN}-2"]}})),
        ("DeliveryPolicy", "[]"),
        ("DeliveryPolicy", dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 101}}})),
        ("TracingConfig", "Maybe"),
        ("SignatureVersion", "3"),
        ("ContentBasedDeduplication", "true"),
        ("MaximumMessageSize", "1"),
        ("DisplayName", "two\nlines"),
        ("TopicArn", "x"),
    ],
)
def test_an_invalid_attribute_is_refused(harness: SnsHarness, name: str, value: str) -> None:
    topic = harness.create_topic()
    for operation, params in (
        ("CreateTopic", {"Name": "other", "Attributes": {name: value}}),
        ("SetTopicAttributes", {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}),
    ):
        assert harness.expect_error(operation, **params)[0] == "InvalidParameter"


def test_create_topic_names_an_unknown_attribute(harness: SnsHarness) -> None:
    """https://github.com/hashicorp/terraform-provider-aws/pull/22282 shows AWS's answer where FifoTopic was unknown."""
    assert harness.expect_error("CreateTopic", Name="other", Attributes={"Colour": "red"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Unknown attribute Colour",
    )


def test_setting_an_attribute_without_a_value_restores_the_default(harness: SnsHarness) -> None:
    topic = harness.create_topic(DisplayName="Nights")
    harness.sns("SetTopicAttributes", TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/mine")
    assert get_topic_attributes(harness, topic)["DisplayName"] == "Nights"
    assert get_topic_attributes(harness, topic)["KmsMasterKeyId"] == "alias/mine"
    harness.sns("SetTopicAttributes", TopicArn=topic, AttributeName="DisplayName")
    assert get_topic_attributes(harness, topic)["DisplayName"] == ""


def test_deleting_a_topic_deletes_its_subscriptions_and_can_be_repeated(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    harness.sns("DeleteTopic", TopicArn=topic)
    harness.sns("DeleteTopic", TopicArn=topic)
    assert harness.sns("ListTopics") == {"Topics": []}
    assert harness.sns("ListSubscriptions") == {"Subscriptions": []}
    assert harness.expect_error("GetTopicAttributes", TopicArn=topic) == ("NotFound", "Topic does not exist")


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("alerts", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sqs:us-east-1:123456789012:alerts", "Invalid parameter: TopicArn"),
        ("arn:aws:sns:us-east-1:123456789012:alerts:more", "Invalid parameter: TopicArn"),
    ],
)
def test_an_invalid_topic_arn_is_refused(harness: SnsHarness, arn: str, message: str) -> None:
    assert harness.expect_error("GetTopicAttributes", TopicArn=arn) == ("InvalidParameter", message)


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("Subscribe", {"Protocol": "email", "Endpoint": "a@b.example"}),
        ("GetTopicAttributes", {}),
        ("SetTopicAttributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
        ("ListSubscriptionsByTopic", {}),
        ("AddPermission", {"Label": "l", "AWSAccountId": [ACCOUNT], "ActionName": ["Publish"]}),
        ("RemovePermission", {"Label": "l"}),
        ("DeleteTopic", {}),
    ],
)
def test_the_topic_of_another_region_is_an_invalid_parameter(harness: SnsHarness, operation: str, params: Json) -> None:
    """https://github.com/boto/boto3/issues/1084"""
    caller = Caller(ACCOUNT, "eu-west-1")
    topic = harness.run(harness.engine.call(caller, "sns", "CreateTopic", {"Name": "elsewhere"}))["TopicArn"]
    expected = ("InvalidParameter", "Invalid parameter: TopicArn")
    assert harness.expect_error(operation, TopicArn=topic, **params) == expected
    assert harness.run(harness.engine.call(caller, "sns", "GetTopicAttributes", {"TopicArn": topic}))


def test_topics_are_listed_per_region_in_pages_of_one_hundred(harness: SnsHarness) -> None:
    created = sorted(harness.create_topic(f"t{number}") for number in range(201))
    harness.run(harness.engine.call(Caller(ACCOUNT, "eu-west-1"), "sns", "CreateTopic", {"Name": "elsewhere"}))
    found: list[str] = []
    token: Json = {}
    sizes = []
    while True:
        page = harness.sns("ListTopics", **token)
        sizes.append(len(page["Topics"]))
        found += [topic["TopicArn"] for topic in page["Topics"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert (found, sizes) == (created, [100, 100, 1])
    assert harness.expect_error("ListTopics", NextToken="Ä")[1] == "Invalid parameter: NextToken"


def test_tags_are_added_replaced_and_removed(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("TagResource", ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    harness.sns("TagResource", ResourceArn=topic, Tags=[{"Key": "a", "Value": "3"}])
    harness.sns("UntagResource", ResourceArn=topic, TagKeys=["b", "c"])
    assert harness.sns("ListTagsForResource", ResourceArn=topic) == {"Tags": [{"Key": "a", "Value": "3"}]}
    assert harness.expect_error("ListTagsForResource", ResourceArn=topic + "x")[0] == "ResourceNotFound"


def test_more_than_fifty_tags_are_refused(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("TagResource", ResourceArn=topic, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    refused = harness.expect_error("TagResource", ResourceArn=topic, Tags=[{"Key": "one more", "Value": ""}])
    assert refused[0] == "TagLimitExceeded"


def test_permissions_are_stored_as_statements_of_the_policy(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    params = {"TopicArn": topic, "Label": "friends", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}
    harness.sns("AddPermission", **params)
    assert loads(get_topic_attributes(harness, topic)["Policy"])["Statement"][1] == {
        "Sid": "friends",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    assert harness.expect_error("AddPermission", **params)[1] == "Invalid parameter: Statement already exists"
    harness.sns("RemovePermission", TopicArn=topic, Label="friends")
    assert len(loads(get_topic_attributes(harness, topic)["Policy"])["Statement"]) == 1
    assert harness.expect_error("RemovePermission", TopicArn=topic, Label="friends")[0] == "NotFound"


def test_a_permission_can_be_added_to_a_policy_whose_statement_is_not_a_list(harness: SnsHarness) -> None:
    topic = harness.create_topic(Policy=dumps({"Statement": {"Sid": "one", "Effect": "Allow"}}))
    harness.sns("AddPermission", TopicArn=topic, Label="two", AWSAccountId=["111122223333"], ActionName=["Publish"])
    assert [each["Sid"] for each in loads(get_topic_attributes(harness, topic)["Policy"])["Statement"]] == [
        "one",
        "two",
    ]


def test_a_data_protection_policy_is_stored_and_returned(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    assert harness.sns("GetDataProtectionPolicy", ResourceArn=topic) == {"DataProtectionPolicy": ""}
    harness.sns("PutDataProtectionPolicy", ResourceArn=topic, DataProtectionPolicy='{"Name":"p"}')
    assert harness.sns("GetDataProtectionPolicy", ResourceArn=topic) == {"DataProtectionPolicy": '{"Name":"p"}'}
    refused = harness.expect_error("PutDataProtectionPolicy", ResourceArn=topic, DataProtectionPolicy="no")
    assert refused == ("InvalidParameter", "Invalid parameter: DataProtectionPolicy")


def test_topics_survive_a_crash(harness: SnsHarness) -> None:
    topic = harness.create_topic(DisplayName="Nights")
    harness.restart()
    assert get_topic_attributes(harness, topic)["DisplayName"] == "Nights"


def test_a_topic_for_large_messages_has_at_most_a_hundred_subscriptions_of_some_protocols(harness: SnsHarness) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html, MaximumMessageSize"""
    large = {"AttributeName": "MaximumMessageSize", "AttributeValue": "262145"}
    topic = harness.create_topic("mixed")
    harness.subscribe(topic, "email", "a@b.example")
    refused = ("InvalidParameter", "Invalid parameter: MaximumMessageSize")
    assert harness.expect_error("SetTopicAttributes", TopicArn=topic, **large) == refused
    harness.sns("SetTopicAttributes", TopicArn=topic, **large | {"AttributeValue": "262144"})
    topic = harness.create_topic("large")
    queues = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:q{number}" for number in range(101)]
    for queue in queues[:100]:
        harness.subscribe(topic, "sqs", queue)
    harness.sns("SetTopicAttributes", TopicArn=topic, **large)
    code, _ = harness.expect_error("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queues[100])
    assert code == "SubscriptionLimitExceeded"
    code, _ = harness.expect_error("Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@b.example")
    assert code == "InvalidParameter"
    harness.subscribe(topic, "sqs", queues[0])
