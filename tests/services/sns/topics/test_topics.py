"""Topics as AWS has them. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from tests.engines import ACCOUNT, REGION
from tests.services.sns.town import QUEUE, Town

ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def attributes(town: Town, topic: str) -> dict[str, str]:
    found: dict[str, str] = town.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]
    return found


def test_a_topic_is_named_by_its_arn(town: Town) -> None:
    assert town.topic() == ARN


def test_a_new_topic_shows_what_aws_gives_it(town: Town) -> None:
    shown = attributes(town, town.topic())
    policy, delivery = loads(shown.pop("Policy")), loads(shown.pop("EffectiveDeliveryPolicy"))
    assert shown == {
        "Owner": ACCOUNT,
        "TopicArn": ARN,
        "DisplayName": "",
        "SubscriptionsPending": "0",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
    }
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    assert delivery["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3


def test_creating_a_topic_again_answers_with_it(town: Town) -> None:
    town.topic(DisplayName="Nights")
    assert town.topic(DisplayName="Nights") == ARN
    assert town.topic() == ARN


def test_creating_a_topic_again_with_other_attributes_or_tags_is_refused(town: Town) -> None:
    town.sns("CreateTopic", Name="alerts", Tags=[{"Key": "team", "Value": "night"}])
    assert town.refused("CreateTopic", Name="alerts", Attributes={"DisplayName": "x"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert town.refused("CreateTopic", Name="alerts", Tags=[{"Key": "team", "Value": "day"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )


@pytest.mark.parametrize(
    ("name", "given"),
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
def test_a_name_that_is_none_is_refused(town: Town, name: str, given: Json) -> None:
    code, message = town.refused("CreateTopic", Name=name, Attributes=given)
    assert code == "InvalidParameter"
    assert message.startswith("Invalid parameter: Topic Name")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Colour", "red"),
        ("Policy", "{"),
        ("Policy", "[]"),
        ("Policy", dumps({"Statement": {"Resource": [ARN, f"{ARN}-2"]}})),
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
def test_an_attribute_that_cannot_be_is_refused(town: Town, name: str, value: str) -> None:
    topic = town.topic()
    for operation, params in (
        ("CreateTopic", {"Name": "other", "Attributes": {name: value}}),
        ("SetTopicAttributes", {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}),
    ):
        assert town.refused(operation, **params)[0] == "InvalidParameter"


def test_an_attribute_without_a_value_goes_back_to_the_default(town: Town) -> None:
    topic = town.topic(DisplayName="Nights")
    town.sns("SetTopicAttributes", TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/mine")
    assert attributes(town, topic)["DisplayName"] == "Nights"
    assert attributes(town, topic)["KmsMasterKeyId"] == "alias/mine"
    town.sns("SetTopicAttributes", TopicArn=topic, AttributeName="DisplayName")
    assert attributes(town, topic)["DisplayName"] == ""


def test_a_deleted_topic_is_gone_with_its_subscriptions_and_deleting_it_again_is_no_error(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", QUEUE)
    town.sns("DeleteTopic", TopicArn=topic)
    town.sns("DeleteTopic", TopicArn=topic)
    assert town.sns("ListTopics") == {"Topics": []}
    assert town.sns("ListSubscriptions") == {"Subscriptions": []}
    assert town.refused("GetTopicAttributes", TopicArn=topic) == ("NotFound", "Topic does not exist")


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("alerts", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sqs:us-east-1:123456789012:alerts", "Invalid parameter: TopicArn"),
        ("arn:aws:sns:us-east-1:123456789012:alerts:more", "Invalid parameter: TopicArn"),
    ],
)
def test_an_arn_that_is_no_topics_is_refused(town: Town, arn: str, message: str) -> None:
    assert town.refused("GetTopicAttributes", TopicArn=arn) == ("InvalidParameter", message)


def test_topics_are_listed_a_hundred_at_a_time_and_by_region(town: Town) -> None:
    made = sorted(town.topic(f"t{number}") for number in range(201))
    town.run(town.engine.call(Caller(ACCOUNT, "eu-west-1"), "sns", "CreateTopic", {"Name": "elsewhere"}))
    found: list[str] = []
    token: Json = {}
    sizes = []
    while True:
        page = town.sns("ListTopics", **token)
        sizes.append(len(page["Topics"]))
        found += [topic["TopicArn"] for topic in page["Topics"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert (found, sizes) == (made, [100, 100, 1])
    assert town.refused("ListTopics", NextToken="Ä")[1] == "Invalid parameter: NextToken"


def test_tags_are_added_replaced_and_taken_away(town: Town) -> None:
    topic = town.topic()
    town.sns("TagResource", ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    town.sns("TagResource", ResourceArn=topic, Tags=[{"Key": "a", "Value": "3"}])
    town.sns("UntagResource", ResourceArn=topic, TagKeys=["b", "c"])
    assert town.sns("ListTagsForResource", ResourceArn=topic) == {"Tags": [{"Key": "a", "Value": "3"}]}
    assert town.refused("ListTagsForResource", ResourceArn=topic + "x")[0] == "ResourceNotFound"


def test_more_than_fifty_tags_are_refused(town: Town) -> None:
    topic = town.topic()
    town.sns("TagResource", ResourceArn=topic, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    refused = town.refused("TagResource", ResourceArn=topic, Tags=[{"Key": "one more", "Value": ""}])
    assert refused[0] == "TagLimitExceeded"


def test_permissions_are_statements_of_the_policy(town: Town) -> None:
    topic = town.topic()
    given = {"TopicArn": topic, "Label": "friends", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}
    town.sns("AddPermission", **given)
    assert loads(attributes(town, topic)["Policy"])["Statement"][1] == {
        "Sid": "friends",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    assert town.refused("AddPermission", **given)[1] == "Invalid parameter: Statement already exists"
    town.sns("RemovePermission", TopicArn=topic, Label="friends")
    assert len(loads(attributes(town, topic)["Policy"])["Statement"]) == 1
    assert town.refused("RemovePermission", TopicArn=topic, Label="friends")[0] == "NotFound"


def test_a_policy_of_one_statement_without_a_list_takes_another(town: Town) -> None:
    topic = town.topic(Policy=dumps({"Statement": {"Sid": "one", "Effect": "Allow"}}))
    town.sns("AddPermission", TopicArn=topic, Label="two", AWSAccountId=["111122223333"], ActionName=["Publish"])
    assert [each["Sid"] for each in loads(attributes(town, topic)["Policy"])["Statement"]] == ["one", "two"]


def test_a_data_protection_policy_is_kept_and_shown(town: Town) -> None:
    topic = town.topic()
    assert town.sns("GetDataProtectionPolicy", ResourceArn=topic) == {"DataProtectionPolicy": ""}
    town.sns("PutDataProtectionPolicy", ResourceArn=topic, DataProtectionPolicy='{"Name":"p"}')
    assert town.sns("GetDataProtectionPolicy", ResourceArn=topic) == {"DataProtectionPolicy": '{"Name":"p"}'}
    refused = town.refused("PutDataProtectionPolicy", ResourceArn=topic, DataProtectionPolicy="no")
    assert refused == ("InvalidParameter", "Invalid parameter: DataProtectionPolicy")


def test_topics_survive_a_crash(town: Town) -> None:
    topic = town.topic(DisplayName="Nights")
    town.restart()
    assert attributes(town, topic)["DisplayName"] == "Nights"
