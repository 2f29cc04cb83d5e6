"""Queues are made, found, changed, listed, emptied and deleted as on AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.bus import Caller
from tests.engines import ACCOUNT, REGION
from tests.services.sqs.office import Office, arn, redrive


def test_a_queue_has_a_url_of_the_engine_and_is_found_by_its_name(office: Office) -> None:
    url = office.queue()
    assert url == f"http://127.0.0.1:4566/{ACCOUNT}/letters"
    assert office.call("GetQueueUrl", QueueName="letters") == {"QueueUrl": url}
    assert office.refused("GetQueueUrl", QueueName="others")[0] == "QueueDoesNotExist"
    owner = {"QueueOwnerAWSAccountId": "999999999999"}
    assert office.refused("GetQueueUrl", QueueName="letters", **owner)[0] == "QueueDoesNotExist"


@pytest.mark.parametrize(
    "url",
    [
        f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/letters",
        f"/{ACCOUNT}/letters",
        f"http://[::1]:9/{ACCOUNT}/letters",
    ],
)
def test_any_url_that_ends_in_account_and_name_is_the_queues(office: Office, url: str) -> None:
    office.queue()
    office.send(url, "hello")
    assert office.bodies(url) == ["hello"]


@pytest.mark.parametrize("url", ["letters", "", "http://[/a", "http://host/12/letters", "http://host/a/b/c"])
def test_a_url_of_no_queue_is_refused(office: Office, url: str) -> None:
    assert office.refused("SendMessage", QueueUrl=url, MessageBody="x")[0] == "InvalidAddress"


def test_a_queue_that_does_not_exist_is_told(office: Office) -> None:
    url = f"http://127.0.0.1:4566/{ACCOUNT}/nobody"
    assert office.refused("ReceiveMessage", QueueUrl=url) == (
        "QueueDoesNotExist",
        "The specified queue does not exist.",
    )


def test_accounts_and_regions_have_queues_of_their_own(office: Office) -> None:
    office.queue()
    for caller in (Caller(ACCOUNT, "eu-west-1"), Caller("999999999999", REGION)):
        assert office.site.run(office.site.engine.call(caller, "sqs", "ListQueues", {})) == {}


def test_the_defaults_are_those_of_aws(office: Office) -> None:
    assert office.attributes(office.queue()) == {
        "QueueArn": arn("letters"),
        "CreatedTimestamp": "1767225600",
        "LastModifiedTimestamp": "1767225600",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }


def test_a_fifo_queue_shows_what_only_such_queues_have(office: Office) -> None:
    shown = office.attributes(office.fifo())
    assert shown["FifoQueue"] == "true"
    assert shown["ContentBasedDeduplication"] == "false"
    assert (shown["DeduplicationScope"], shown["FifoThroughputLimit"]) == ("queue", "perQueue")


def test_creating_a_queue_again_gives_the_same_unless_an_attribute_differs(office: Office) -> None:
    url = office.queue(VisibilityTimeout="60")
    assert office.queue() == url
    assert office.queue(VisibilityTimeout="60", DelaySeconds="0") == url
    code, message = office.refused("CreateQueue", QueueName="letters", Attributes={"VisibilityTimeout": "61"})
    assert code == "QueueNameExists"
    assert message == "A queue already exists with the same name and a different value for attribute VisibilityTimeout"


def test_a_policy_that_is_spelled_otherwise_is_the_same(office: Office) -> None:
    office.queue("dead")
    url = office.queue(RedrivePolicy=redrive("dead", 5))
    spelled = f'{{ "maxReceiveCount": "5", "deadLetterTargetArn": "{arn("dead")}" }}'
    assert office.queue(RedrivePolicy=spelled) == url


@pytest.mark.parametrize("name", ["", "a" * 81, "a b", "a.b", "a.fifo", "ä", "a\n"])
def test_a_name_that_is_none_is_refused(office: Office, name: str) -> None:
    message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    assert office.refused("CreateQueue", QueueName=name) == ("InvalidParameterValue", message)


@pytest.mark.parametrize("name", ["a", ".fifo", "a" * 76 + ".fifo", "a b.fifo"])
def test_the_name_of_a_fifo_queue_ends_in_fifo(office: Office, name: str) -> None:
    code, message = office.refused("CreateQueue", QueueName=name, Attributes={"FifoQueue": "true"})
    assert code == "InvalidParameterValue"
    assert "must end with .fifo suffix and be 1 to 80 in length." in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("DelaySeconds", "1.5"),
        ("DelaySeconds", "²"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", ""),
        ("KmsDataKeyReusePeriodSeconds", "1"),
        ("SqsManagedSseEnabled", "yes"),
        ("Policy", "no JSON"),
        ("RedrivePolicy", "[]"),
    ],
)
def test_a_value_that_an_attribute_does_not_take_is_refused(office: Office, name: str, value: str) -> None:
    told = ("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    assert office.refused("CreateQueue", QueueName="q", Attributes={name: value}) == told
    url = office.queue()
    assert office.refused("SetQueueAttributes", QueueUrl=url, Attributes={name: value}) == told
    assert office.call("ListQueues") == {"QueueUrls": [url]}


@pytest.mark.parametrize("name", ["Nonsense", "FifoQueue", "ContentBasedDeduplication", "QueueArn"])
def test_an_attribute_that_the_queue_does_not_have_is_refused(office: Office, name: str) -> None:
    told = ("InvalidAttributeName", f"Unknown Attribute {name}.")
    assert office.refused("CreateQueue", QueueName="q", Attributes={name: "false"}) == told


def test_attributes_are_changed_and_taken_away(office: Office) -> None:
    url = office.queue(Policy="{}")
    office.pass_time(5)
    office.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "1", "Policy": ""})
    shown = office.attributes(url)
    assert "Policy" not in shown
    assert shown["VisibilityTimeout"] == "1"
    assert int(shown["LastModifiedTimestamp"]) - int(shown["CreatedTimestamp"]) == 5


def test_the_kind_of_a_queue_does_not_change(office: Office) -> None:
    change = {"QueueUrl": office.queue(), "Attributes": {"FifoQueue": "true"}}
    code, message = office.refused("SetQueueAttributes", **change)
    assert (code, "Modifying queue type is not supported." in message) == ("InvalidAttributeValue", True)


def test_a_limit_per_group_needs_deduplication_per_group(office: Office) -> None:
    url = office.fifo()
    limit = {"FifoThroughputLimit": "perMessageGroupId"}
    assert office.refused("SetQueueAttributes", QueueUrl=url, Attributes=limit)[0] == "InvalidAttributeValue"
    office.call("SetQueueAttributes", QueueUrl=url, Attributes=limit | {"DeduplicationScope": "messageGroup"})
    assert office.attributes(url)["FifoThroughputLimit"] == "perMessageGroupId"


def test_a_key_is_kept_and_shown_in_the_place_of_sqs_own_encryption(office: Office) -> None:
    url = office.queue(KmsMasterKeyId="alias/aws/sqs")
    both = {"SqsManagedSseEnabled": "true"}
    assert office.refused("SetQueueAttributes", QueueUrl=url, Attributes=both)[0] == "InvalidAttributeValue"
    shown = office.attributes(url)
    assert (shown["KmsMasterKeyId"], shown["SqsManagedSseEnabled"]) == ("alias/aws/sqs", "false")
    assert shown["KmsDataKeyReusePeriodSeconds"] == "300"


def test_only_what_is_asked_for_is_shown(office: Office) -> None:
    url = office.queue()
    assert office.call("GetQueueAttributes", QueueUrl=url) == {}
    assert office.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]) == {}
    asked = office.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn", "DelaySeconds"])
    assert asked == {"Attributes": {"QueueArn": arn("letters"), "DelaySeconds": "0"}}
    told = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert office.refused("GetQueueAttributes", QueueUrl=url, AttributeNames=["All", "Colour"]) == told


def test_queues_are_listed_by_prefix_and_page_by_page(office: Office) -> None:
    urls = [office.queue(f"{letter}{number}") for letter in "ab" for number in range(5)]
    assert office.call("ListQueues") == {"QueueUrls": urls}
    assert office.call("ListQueues", QueueNamePrefix="b") == {"QueueUrls": urls[5:]}
    assert office.call("ListQueues", QueueNamePrefix="c") == {}
    first = office.call("ListQueues", QueueNamePrefix="b", MaxResults=3)
    assert first["QueueUrls"] == urls[5:8]
    rest = office.call("ListQueues", QueueNamePrefix="b", MaxResults=3, NextToken=first["NextToken"])
    assert rest == {"QueueUrls": urls[8:]}


@pytest.mark.parametrize(
    "params", [{"MaxResults": 0}, {"MaxResults": 1001}, {"NextToken": "???"}, {"NextToken": "/w=="}]
)
def test_a_page_that_is_none_is_refused(office: Office, params: dict[str, object]) -> None:
    assert office.refused("ListQueues", **params)[0] == "InvalidParameterValue"


def test_tags_are_added_replaced_and_taken_away(office: Office) -> None:
    url = office.call("CreateQueue", QueueName="q", tags={"a": "1", "b": "2"})["QueueUrl"]
    office.call("TagQueue", QueueUrl=url, Tags={"b": "3", "c": "4"})
    office.call("UntagQueue", QueueUrl=url, TagKeys=["a", "z"])
    assert office.call("ListQueueTags", QueueUrl=url) == {"Tags": {"b": "3", "c": "4"}}
    office.call("UntagQueue", QueueUrl=url, TagKeys=["b", "c"])
    assert office.call("ListQueueTags", QueueUrl=url) == {}


def test_a_purge_takes_everything_and_only_what_was_there(office: Office) -> None:
    url = office.queue(VisibilityTimeout="1")
    for _ in range(450):
        office.send(url)
    office.receive(url, 10)
    office.send(url, DelaySeconds=5)
    office.call("PurgeQueue", QueueUrl=url)
    assert office.counts(url) == (0, 0, 0)
    office.send(url, "new")
    office.pass_time(6)
    assert office.bodies(url) == ["new"]
    assert office.site.rows("SELECT count(*) FROM sqs_messages") == [(1,)]
    assert office.attributes(url)["VisibilityTimeout"] == "1"


def test_a_queue_is_purged_once_a_minute(office: Office) -> None:
    url = office.queue()
    office.call("PurgeQueue", QueueUrl=url)
    message = "Only one PurgeQueue operation on letters is allowed every 60 seconds."
    assert office.refused("PurgeQueue", QueueUrl=url) == ("PurgeQueueInProgress", message)
    office.pass_time(60)
    office.call("PurgeQueue", QueueUrl=url)


def test_a_deleted_queue_leaves_nothing_and_its_name_is_free_after_a_minute(office: Office) -> None:
    url = office.fifo(ContentBasedDeduplication="true")
    for number in range(300):
        office.send(url, str(number), MessageGroupId=str(number))
    office.receive(url, 1, ReceiveRequestAttemptId="a")
    office.call("DeleteQueue", QueueUrl=url)
    assert office.refused("DeleteQueue", QueueUrl=url)[0] == "QueueDoesNotExist"
    assert office.refused("CreateQueue", QueueName="letters.fifo", Attributes={"FifoQueue": "true"})[0] == (
        "QueueDeletedRecently"
    )
    office.pass_time(60)
    for table in ("sqs_messages", "sqs_groups", "sqs_sent", "sqs_attempts"):
        assert office.site.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert office.bodies(office.fifo()) == []


def test_a_policy_is_built_of_permissions(office: Office) -> None:
    url = office.queue()
    one = {"Label": "one", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}
    two = {"Label": "two", "AWSAccountIds": ["111111111111", "222222222222"], "Actions": ["*", "ReceiveMessage"]}
    office.call("AddPermission", QueueUrl=url, **one)
    office.call("AddPermission", QueueUrl=url, **two)
    root = "arn:aws:iam::{}:root".format
    first = {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": root("111111111111")},
        "Action": "SQS:SendMessage",
        "Resource": arn("letters"),
    }
    second = first | {
        "Sid": "two",
        "Principal": {"AWS": [root("111111111111"), root("222222222222")]},
        "Action": ["SQS:*", "SQS:ReceiveMessage"],
    }
    policy = {"Version": "2008-10-17", "Id": f"{arn('letters')}/SQSDefaultPolicy", "Statement": [first, second]}
    assert office.attributes(url)["Policy"] == dumps(policy)
    assert office.refused("AddPermission", QueueUrl=url, **one)[1] == (
        "Value one for parameter Label is invalid. Reason: Already exists."
    )
    for label in ("one", "two"):
        office.call("RemovePermission", QueueUrl=url, Label=label)
    assert "Policy" not in office.attributes(url)
    assert office.refused("RemovePermission", QueueUrl=url, Label="one")[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Label": "a b"}, "InvalidParameterValue"),
        ({"AWSAccountIds": []}, "MissingParameter"),
        ({"AWSAccountIds": ["me"]}, "InvalidParameterValue"),
        ({"Actions": []}, "MissingParameter"),
        ({"Actions": ["DeleteQueue"]}, "InvalidParameterValue"),
        ({"Actions": ["SendMessage"] * 8}, "OverLimit"),
    ],
)
def test_a_permission_that_cannot_be_given_is_refused(office: Office, change: dict[str, object], code: str) -> None:
    given = {"Label": "a", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]} | change
    assert office.refused("AddPermission", QueueUrl=office.queue(), **given)[0] == code
