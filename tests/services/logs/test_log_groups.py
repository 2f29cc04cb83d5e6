"""Log groups are kept, listed in order of name, and go at once when they are deleted.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, DAY, HOUR
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness


def test_a_group_is_shown_as_it_was_made_and_after_a_crash_too(harness: LogsHarness) -> None:
    harness.open(tags={"team": "night"}, kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=7)
    harness.restart()
    (group,) = harness.logs("DescribeLogGroups")["logGroups"]
    assert group == {
        "logGroupName": GROUP,
        "creationTime": harness.now,
        "retentionInDays": 7,
        "metricFilterCount": 0,
        "arn": f"{ARN}:*",
        "storedBytes": 0,
        "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k",
        "logGroupClass": "STANDARD",
        "logGroupArn": ARN,
        "deletionProtectionEnabled": False,
    }


def test_a_group_is_made_once(harness: LogsHarness) -> None:
    harness.open()
    expected = ("ResourceAlreadyExistsException", "The specified log group already exists")
    assert harness.refused("CreateLogGroup", logGroupName=GROUP) == expected


def test_names_that_begin_with_aws_are_not_ours_to_give(harness: LogsHarness) -> None:
    code, _ = harness.refused("CreateLogGroup", logGroupName="aws/lambda/x")
    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    "operation", ["DeleteLogGroup", "DeleteRetentionPolicy", "ListTagsLogGroup", "DescribeSubscriptionFilters"]
)
def test_a_group_that_is_not_there_is_not_found(harness: LogsHarness, operation: str) -> None:
    expected = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert harness.refused(operation, logGroupName="none") == expected


def test_groups_are_listed_in_order_of_name_page_by_page(harness: LogsHarness) -> None:
    for name in ("b", "a/2", "c", "a/1", "A"):
        harness.open(group=name)
    assert harness.groups(limit=2) == ["A", "a/1", "a/2", "b", "c"]
    assert harness.groups(logGroupNamePrefix="a", limit=1) == ["a/1", "a/2"]
    assert harness.groups(logGroupNamePattern="/", limit=1) == ["a/1", "a/2"]
    identifiers = ["none", "c", "arn:aws:logs:us-east-1:123456789012:log-group:b"]
    assert harness.groups(logGroupIdentifiers=identifiers) == ["c", "b"]
    code, _ = harness.refused("DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="a")
    assert code == "InvalidParameterException"


def test_groups_found_by_a_pattern_tell_three_things(harness: LogsHarness) -> None:
    harness.open()
    (group,) = harness.logs("DescribeLogGroups", logGroupNamePattern="night")["logGroups"]
    assert set(group) == {"logGroupName", "creationTime", "arn"}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["a/x", "b/x", "c/a/"]),
        ({"logGroupNamePattern": "^a/x"}, ["a/x"]),
        ({"logGroupNamePattern": "a/x|/a/"}, ["a/x", "c/a/"]),
        ({"logGroupClass": "INFREQUENT_ACCESS"}, ["b/x"]),
        ({"logGroupTags": [{"key": "team", "values": ["day"]}]}, ["a/x"]),
        ({"logGroupTags": [{"key": "team"}]}, ["a/x", "b/x"]),
        ({"fieldIndexNames": ["x"]}, []),
    ],
)
def test_groups_are_listed_by_name_class_and_tag(harness: LogsHarness, filters: Json, names: list[str]) -> None:
    harness.open(group="a/x", tags={"team": "day"})
    harness.open(group="b/x", tags={"team": "night"}, logGroupClass="INFREQUENT_ACCESS")
    harness.open(group="c/a/")
    pages = harness.pages("ListLogGroups", limit=1, **filters)
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == names


def test_a_token_that_nobody_gave_is_refused(harness: LogsHarness) -> None:
    for token in ("x", "bnVsbA==", "MTI="):
        assert harness.refused("DescribeLogGroups", nextToken=token)[0] == "InvalidParameterException"


def test_both_generations_of_tag_operations_speak_of_the_same_tags(harness: LogsHarness) -> None:
    harness.open(tags={"a": "1"})
    harness.logs("TagLogGroup", logGroupName=GROUP, tags={"b": "2", "c": "3"})
    harness.logs("TagResource", resourceArn=ARN, tags={"a": "4"})
    assert harness.logs("ListTagsLogGroup", logGroupName=GROUP)["tags"] == {"a": "4", "b": "2", "c": "3"}
    harness.logs("UntagLogGroup", logGroupName=GROUP, tags=["b"])
    harness.logs("UntagResource", resourceArn=ARN, tagKeys=["c", "never"])
    assert harness.logs("ListTagsForResource", resourceArn=ARN)["tags"] == {"a": "4"}
    many = {f"k{number}": "" for number in range(50)}
    assert harness.refused("TagResource", resourceArn=ARN, tags=many)[0] == "TooManyTagsException"


def test_a_retention_is_one_of_those_that_there_are(harness: LogsHarness) -> None:
    harness.open()
    code, message = harness.refused("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Member must satisfy enum value set: [1, 3, 5," in message


@pytest.mark.parametrize(
    ("operation", "given"), [("PutRetentionPolicy", {"retentionInDays": 7}), ("DeleteRetentionPolicy", {})]
)
def test_the_retention_of_a_group_of_the_delivery_class_cannot_be_changed(
    harness: LogsHarness, operation: str, given: Json
) -> None:
    # AWS's words: https://github.com/hashicorp/terraform-provider-aws/issues/42657
    harness.logs("CreateLogGroup", logGroupName=GROUP, logGroupClass="DELIVERY")
    found = harness.refused(operation, logGroupName=GROUP, **given)
    assert found == ("ValidationException", "This operation is not supported for Delivery log class")
    (group,) = harness.logs("DescribeLogGroups")["logGroups"]
    assert group["retentionInDays"] == 1


def test_what_is_past_its_retention_is_not_read_and_is_swept(harness: LogsHarness) -> None:
    harness.open("s")
    harness.put("s", (0, "old"))
    harness.advance(DAY)
    harness.put("s", (0, "new"))
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    harness.advance(1)
    assert harness.found() == ["new"]
    harness.advance(HOUR)
    assert harness.chunks() == 1
    harness.advance(DAY)
    harness.advance(HOUR)
    assert (harness.found(), harness.chunks()) == ([], 0)
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 0


def test_without_a_retention_nothing_expires(harness: LogsHarness) -> None:
    harness.open("s")
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    harness.put("s", (0, "old"))
    harness.logs("DeleteRetentionPolicy", logGroupName=GROUP)
    for _ in range(3):
        harness.advance(DAY)
    assert harness.found() == ["old"]


def test_a_deleted_group_is_gone_at_once_and_its_successor_begins_empty(harness: LogsHarness) -> None:
    harness.open("s")
    for number in range(250):
        harness.put("s", (0, str(number)))
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    harness.open("s")
    assert harness.found() == []
    harness.advance(1)
    assert harness.chunks() == 0


def test_the_sweeping_of_a_group_goes_on_after_a_crash(harness: LogsHarness) -> None:
    harness.open("s")
    for number in range(250):
        harness.put("s", (0, str(number)))
    harness.run(_delete_and_no_more(harness))
    harness.crash()
    assert harness.chunks() == 250
    harness.up()
    harness.advance(1)
    assert harness.chunks() == 0


async def _delete_and_no_more(harness: LogsHarness) -> None:
    """Delete the group while no timer rings."""
    harness.engine.dispatcher.fire_due_timers = lambda: None  # type: ignore[method-assign]
    await harness.engine.call(CALLER, "logs", "DeleteLogGroup", {"logGroupName": GROUP})


def test_a_protected_group_is_not_deleted(harness: LogsHarness) -> None:
    harness.open("s", deletionProtectionEnabled=True)
    assert harness.refused("DeleteLogGroup", logGroupName=GROUP)[0] == "ValidationException"
    assert harness.refused("DeleteLogStream", logGroupName=GROUP, logStreamName="s")[0] == "ValidationException"
    harness.logs("PutLogGroupDeletionProtection", logGroupIdentifier=ARN, deletionProtectionEnabled=False)
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    assert harness.groups() == []


def test_a_key_is_kept_and_shown_until_it_is_taken_back(harness: LogsHarness) -> None:
    harness.open()
    harness.logs("AssociateKmsKey", logGroupName=GROUP, kmsKeyId="key")
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["kmsKeyId"] == "key"
    harness.logs("DisassociateKmsKey", resourceIdentifier=ARN)
    assert "kmsKeyId" not in harness.logs("DescribeLogGroups")["logGroups"][0]
