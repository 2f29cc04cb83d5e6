"""Queues are created, found, changed, listed, purged and deleted as on AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive_policy


def test_a_queue_has_a_url_of_the_engine_and_is_found_by_its_name(harness: SqsHarness) -> None:
    url = harness.queue()
    assert url == f"http://127.0.0.1:4566/{ACCOUNT}/letters"
    assert harness.sqs("GetQueueUrl", QueueName="letters") == {"QueueUrl": url}
    assert harness.expect_error("GetQueueUrl", QueueName="others")[0] == "QueueDoesNotExist"
    owner = {"QueueOwnerAWSAccountId": "999999999999"}
    assert harness.expect_error("GetQueueUrl", QueueName="letters", **owner)[0] == "QueueDoesNotExist"


@pytest.mark.parametrize(
    "url",
    [
        f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/letters",
        f"/{ACCOUNT}/letters",
        f"http://[::1]:9/{ACCOUNT}/letters",
    ],
)
def test_any_url_that_ends_with_account_and_name_means_the_queue(harness: SqsHarness, url: str) -> None:
    harness.queue()
    harness.send(url, "hello")
    assert harness.receive_bodies(url) == ["hello"]


@pytest.mark.parametrize("name", ["letters", "letters.fifo"])
def test_the_name_of_the_callers_queue_stands_for_its_url(harness: SqsHarness, name: str) -> None:
    """https://github.com/aws/aws-sdk-js-v3/pull/6337"""
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    url = harness.sqs("CreateQueue", QueueName=name, Attributes=fifo)["QueueUrl"]
    harness.send(name, "hello", **({"MessageGroupId": "g"} if fifo else {}))
    assert harness.receive_bodies(url) == ["hello"]
    params = {"QueueUrl": "nobody", "MessageBody": "x"}
    assert harness.expect_error("SendMessage", **params)[0] == "QueueDoesNotExist"


@pytest.mark.parametrize("url", ["", "a b", "http://[/a", "http://host/12/letters", "http://host/a/b/c"])
def test_an_invalid_queue_url_is_refused(harness: SqsHarness, url: str) -> None:
    assert harness.expect_error("SendMessage", QueueUrl=url, MessageBody="x")[0] == "InvalidAddress"


def test_a_missing_queue_is_reported(harness: SqsHarness) -> None:
    url = f"http://127.0.0.1:4566/{ACCOUNT}/nobody"
    assert harness.expect_error("ReceiveMessage", QueueUrl=url) == (
        "QueueDoesNotExist",
        "The specified queue does not exist.",
    )


def test_each_account_and_region_has_its_own_queues(harness: SqsHarness) -> None:
    harness.queue()
    for caller in (Caller(ACCOUNT, "eu-west-1"), Caller("999999999999", REGION)):
        assert harness.run(harness.engine.call(caller, "sqs", "ListQueues", {})) == {}


def test_the_default_attributes_are_those_of_aws(harness: SqsHarness) -> None:
    assert harness.attributes(harness.queue()) == {
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


def test_a_fifo_queue_has_additional_attributes(harness: SqsHarness) -> None:
    shown = harness.attributes(harness.fifo())
    assert shown["FifoQueue"] == "true"
    assert shown["ContentBasedDeduplication"] == "false"
    assert (shown["DeduplicationScope"], shown["FifoThroughputLimit"]) == ("queue", "perQueue")


def test_creating_a_queue_again_returns_it_unless_an_attribute_differs(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="60")
    assert harness.queue() == url
    assert harness.queue(VisibilityTimeout="60", DelaySeconds="0") == url
    code, message = harness.expect_error("CreateQueue", QueueName="letters", Attributes={"VisibilityTimeout": "61"})
    assert code == "QueueNameExists"
    assert message == "A queue already exists with the same name and a different value for attribute VisibilityTimeout"


def test_a_policy_with_another_format_is_the_same_policy(harness: SqsHarness) -> None:
    harness.queue("dead")
    url = harness.queue(RedrivePolicy=redrive_policy("dead", 5))
    spelled = f'{{ "maxReceiveCount": "5", "deadLetterTargetArn": "{arn("dead")}" }}'
    assert harness.queue(RedrivePolicy=spelled) == url


@pytest.mark.parametrize("name", ["", "a" * 81, "a b", "a.b", "a.fifo", "ä", "a\n"])
def test_an_invalid_queue_name_is_refused(harness: SqsHarness, name: str) -> None:
    message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    assert harness.expect_error("CreateQueue", QueueName=name) == ("InvalidParameterValue", message)


@pytest.mark.parametrize("name", ["a", ".fifo", "a" * 76 + ".fifo", "a b.fifo"])
def test_the_name_of_a_fifo_queue_must_end_with_fifo(harness: SqsHarness, name: str) -> None:
    code, message = harness.expect_error("CreateQueue", QueueName=name, Attributes={"FifoQueue": "true"})
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
def test_an_invalid_attribute_value_is_refused(harness: SqsHarness, name: str, value: str) -> None:
    expected = ("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    assert harness.expect_error("CreateQueue", QueueName="q", Attributes={name: value}) == expected
    url = harness.queue()
    assert harness.expect_error("SetQueueAttributes", QueueUrl=url, Attributes={name: value}) == expected
    assert harness.sqs("ListQueues") == {"QueueUrls": [url]}


@pytest.mark.parametrize("name", ["Nonsense", "FifoQueue", "ContentBasedDeduplication", "QueueArn"])
def test_an_unknown_attribute_is_refused(harness: SqsHarness, name: str) -> None:
    expected = ("InvalidAttributeName", f"Unknown Attribute {name}.")
    assert harness.expect_error("CreateQueue", QueueName="q", Attributes={name: "false"}) == expected


def test_attributes_are_changed_and_removed(harness: SqsHarness) -> None:
    url = harness.queue(Policy="{}")
    harness.pass_time(5)
    harness.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "1", "Policy": ""})
    shown = harness.attributes(url)
    assert "Policy" not in shown
    assert shown["VisibilityTimeout"] == "1"
    assert int(shown["LastModifiedTimestamp"]) - int(shown["CreatedTimestamp"]) == 5


def test_the_type_of_a_queue_cannot_change(harness: SqsHarness) -> None:
    standard, fifo = harness.queue(), harness.fifo()
    for value in ("true", "false"):
        change = {"QueueUrl": standard, "Attributes": {"FifoQueue": value}}
        expected = ("InvalidAttributeName", "Unknown Attribute FifoQueue.")
        assert harness.expect_error("SetQueueAttributes", **change) == expected
    harness.sqs("SetQueueAttributes", QueueUrl=fifo, Attributes={"FifoQueue": "true"})
    code, message = harness.expect_error("SetQueueAttributes", QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    assert (code, "Modifying queue type is not supported." in message) == ("InvalidAttributeValue", True)


def test_a_throughput_limit_per_group_needs_deduplication_per_group(harness: SqsHarness) -> None:
    url = harness.fifo()
    limit = {"FifoThroughputLimit": "perMessageGroupId"}
    assert harness.expect_error("SetQueueAttributes", QueueUrl=url, Attributes=limit)[0] == "InvalidAttributeValue"
    harness.sqs("SetQueueAttributes", QueueUrl=url, Attributes=limit | {"DeduplicationScope": "messageGroup"})
    assert harness.attributes(url)["FifoThroughputLimit"] == "perMessageGroupId"


def test_a_kms_key_replaces_the_encryption_by_sqs(harness: SqsHarness) -> None:
    url = harness.queue(KmsMasterKeyId="alias/aws/sqs")
    conflict = {"SqsManagedSseEnabled": "true"}
    assert harness.expect_error("SetQueueAttributes", QueueUrl=url, Attributes=conflict)[0] == "InvalidAttributeName"
    shown = harness.attributes(url)
    assert (shown["KmsMasterKeyId"], shown["SqsManagedSseEnabled"]) == ("alias/aws/sqs", "false")
    assert shown["KmsDataKeyReusePeriodSeconds"] == "300"


def test_a_queue_whose_kms_key_is_removed_is_not_encrypted(harness: SqsHarness) -> None:
    url = harness.queue(KmsMasterKeyId="alias/aws/sqs")
    removed = {"KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300"}
    harness.sqs("SetQueueAttributes", QueueUrl=url, Attributes=removed)
    shown = harness.attributes(url)
    assert shown["SqsManagedSseEnabled"] == "false"
    assert not {"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"} & set(shown)


def test_only_requested_attributes_are_returned(harness: SqsHarness) -> None:
    url = harness.queue()
    assert harness.sqs("GetQueueAttributes", QueueUrl=url) == {}
    assert harness.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]) == {}
    found = harness.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn", "DelaySeconds"])
    assert found == {"Attributes": {"QueueArn": arn("letters"), "DelaySeconds": "0"}}
    expected = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert harness.expect_error("GetQueueAttributes", QueueUrl=url, AttributeNames=["All", "Colour"]) == expected


def test_queues_are_listed_by_prefix_and_in_pages(harness: SqsHarness) -> None:
    urls = [harness.queue(f"{letter}{number}") for letter in "ab" for number in range(5)]
    assert harness.sqs("ListQueues") == {"QueueUrls": urls}
    assert harness.sqs("ListQueues", QueueNamePrefix="b") == {"QueueUrls": urls[5:]}
    assert harness.sqs("ListQueues", QueueNamePrefix="c") == {}
    first = harness.sqs("ListQueues", QueueNamePrefix="b", MaxResults=3)
    assert first["QueueUrls"] == urls[5:8]
    rest = harness.sqs("ListQueues", QueueNamePrefix="b", MaxResults=3, NextToken=first["NextToken"])
    assert rest == {"QueueUrls": urls[8:]}


@pytest.mark.parametrize(
    "params", [{"MaxResults": 0}, {"MaxResults": 1001}, {"NextToken": "???"}, {"NextToken": "/w=="}]
)
def test_an_invalid_page_request_is_refused(harness: SqsHarness, params: dict[str, object]) -> None:
    assert harness.expect_error("ListQueues", **params)[0] == "InvalidParameterValue"


def test_tags_are_added_replaced_and_removed(harness: SqsHarness) -> None:
    url = harness.sqs("CreateQueue", QueueName="q", tags={"a": "1", "b": "2"})["QueueUrl"]
    harness.sqs("TagQueue", QueueUrl=url, Tags={"b": "3", "c": "4"})
    harness.sqs("UntagQueue", QueueUrl=url, TagKeys=["a", "z"])
    assert harness.sqs("ListQueueTags", QueueUrl=url) == {"Tags": {"b": "3", "c": "4"}}
    harness.sqs("UntagQueue", QueueUrl=url, TagKeys=["b", "c"])
    assert harness.sqs("ListQueueTags", QueueUrl=url) == {}


def test_a_purge_deletes_only_the_messages_that_exist(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    for _ in range(450):
        harness.send(url)
    harness.receive(url, 10)
    harness.send(url, DelaySeconds=5)
    harness.sqs("PurgeQueue", QueueUrl=url)
    assert harness.counts(url) == (0, 0, 0)
    harness.send(url, "new")
    harness.pass_time(6)
    assert harness.receive_bodies(url) == ["new"]
    assert harness.rows("SELECT count(*) FROM sqs_messages") == [(1,)]
    assert harness.attributes(url)["VisibilityTimeout"] == "1"


def test_a_queue_can_be_purged_once_a_minute(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.sqs("PurgeQueue", QueueUrl=url)
    message = "Only one PurgeQueue operation on letters is allowed every 60 seconds."
    assert harness.expect_error("PurgeQueue", QueueUrl=url) == ("PurgeQueueInProgress", message)
    harness.pass_time(60)
    harness.sqs("PurgeQueue", QueueUrl=url)


def test_a_deleted_queue_leaves_no_rows_and_its_name_is_free_after_a_minute(harness: SqsHarness) -> None:
    url = harness.fifo(ContentBasedDeduplication="true")
    for number in range(300):
        harness.send(url, str(number), MessageGroupId=str(number))
    harness.receive(url, 1, ReceiveRequestAttemptId="a")
    harness.sqs("DeleteQueue", QueueUrl=url)
    assert harness.expect_error("DeleteQueue", QueueUrl=url)[0] == "QueueDoesNotExist"
    assert harness.expect_error("CreateQueue", QueueName="letters.fifo", Attributes={"FifoQueue": "true"})[0] == (
        "QueueDeletedRecently"
    )
    harness.pass_time(60)
    for table in ("sqs_messages", "sqs_groups", "sqs_sent", "sqs_attempts"):
        assert harness.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert harness.receive_bodies(harness.fifo()) == []


def test_permissions_are_added_to_and_removed_from_the_policy(harness: SqsHarness) -> None:
    url = harness.queue()
    one = {"Label": "one", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]}
    two = {"Label": "two", "AWSAccountIds": ["111111111111", "222222222222"], "Actions": ["*", "ReceiveMessage"]}
    harness.sqs("AddPermission", QueueUrl=url, **one)
    harness.sqs("AddPermission", QueueUrl=url, **two)
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
    assert harness.attributes(url)["Policy"] == dumps(policy)
    assert harness.expect_error("AddPermission", QueueUrl=url, **one)[1] == (
        "Value one for parameter Label is invalid. Reason: Already exists."
    )
    for label in ("one", "two"):
        harness.sqs("RemovePermission", QueueUrl=url, Label=label)
    assert "Policy" not in harness.attributes(url)
    assert harness.expect_error("RemovePermission", QueueUrl=url, Label="one")[0] == "InvalidParameterValue"


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
def test_an_invalid_permission_is_refused(harness: SqsHarness, change: dict[str, object], code: str) -> None:
    given = {"Label": "a", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]} | change
    assert harness.expect_error("AddPermission", QueueUrl=harness.queue(), **given)[0] == code


def test_a_queue_is_a_fifo_queue_for_true_in_any_case(harness: SqsHarness) -> None:
    url = harness.queue("any.fifo", FifoQueue="True")
    assert harness.attributes(url)["FifoQueue"] == "true"
    assert harness.queue("any.fifo", FifoQueue="true") == url
