"""Store log groups, list them in order of their names, and delete them immediately.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import CALLER, DAY, HOUR
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness


def test_a_group_is_shown_as_created_also_after_a_crash(harness: LogsHarness) -> None:
    harness.create_group(tags={"team": "night"}, kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
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


def test_creating_an_existing_group_is_an_error(harness: LogsHarness) -> None:
    harness.create_group()
    expected = ("ResourceAlreadyExistsException", "The specified log group already exists")
    assert harness.expect_error("CreateLogGroup", logGroupName=GROUP) == expected


def test_group_names_that_begin_with_aws_are_refused(harness: LogsHarness) -> None:
    code, _ = harness.expect_error("CreateLogGroup", logGroupName="aws/lambda/x")
    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    "operation", ["DeleteLogGroup", "DeleteRetentionPolicy", "ListTagsLogGroup", "DescribeSubscriptionFilters"]
)
def test_a_missing_group_is_an_error(harness: LogsHarness, operation: str) -> None:
    expected = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert harness.expect_error(operation, logGroupName="none") == expected


def test_groups_are_listed_in_order_of_name_page_by_page(harness: LogsHarness) -> None:
    for name in ("b", "a/2", "c", "a/1", "A"):
        harness.create_group(group=name)
    assert harness.list_groups(limit=2) == ["A", "a/1", "a/2", "b", "c"]
    assert harness.list_groups(logGroupNamePrefix="a", limit=1) == ["a/1", "a/2"]
    assert harness.list_groups(logGroupNamePattern="/", limit=1) == ["a/1", "a/2"]
    identifiers = ["none", "c", "arn:aws:logs:us-east-1:123456789012:log-group:b"]
    assert harness.list_groups(logGroupIdentifiers=identifiers) == ["c", "b"]
    code, _ = harness.expect_error("DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="a")
    assert code == "InvalidParameterException"


def test_groups_found_by_a_pattern_show_neither_size_nor_settings(harness: LogsHarness) -> None:
    harness.create_group()
    (group,) = harness.logs("DescribeLogGroups", logGroupNamePattern="night")["logGroups"]
    names = {"logGroupName", "creationTime", "arn", "logGroupArn", "logGroupClass", "metricFilterCount"}
    assert set(group) == names


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
def test_groups_are_filtered_by_name_class_and_tag(harness: LogsHarness, filters: Json, names: list[str]) -> None:
    harness.create_group(group="a/x", tags={"team": "day"})
    harness.create_group(group="b/x", tags={"team": "night"}, logGroupClass="INFREQUENT_ACCESS")
    harness.create_group(group="c/a/")
    pages = harness.pages("ListLogGroups", limit=1, **filters)
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == names


def test_an_invalid_token_is_refused(harness: LogsHarness) -> None:
    for token in ("x", "=", "/w=="):
        assert harness.expect_error("DescribeLogGroups", nextToken=token)[0] == "InvalidParameterException"


def test_old_and_new_tag_operations_share_the_same_tags(harness: LogsHarness) -> None:
    harness.create_group(tags={"a": "1"})
    harness.logs("TagLogGroup", logGroupName=GROUP, tags={"b": "2", "c": "3"})
    harness.logs("TagResource", resourceArn=ARN, tags={"a": "4"})
    assert harness.logs("ListTagsLogGroup", logGroupName=GROUP)["tags"] == {"a": "4", "b": "2", "c": "3"}
    harness.logs("UntagLogGroup", logGroupName=GROUP, tags=["b"])
    harness.logs("UntagResource", resourceArn=ARN, tagKeys=["c", "never"])
    assert harness.logs("ListTagsForResource", resourceArn=ARN)["tags"] == {"a": "4"}
    many = {f"k{number}": "" for number in range(50)}
    assert harness.expect_error("TagResource", resourceArn=ARN, tags=many)[0] == "TooManyTagsException"


def test_a_retention_must_be_one_of_the_allowed_values(harness: LogsHarness) -> None:
    harness.create_group()
    code, message = harness.expect_error("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Member must satisfy enum value set: [1, 3, 5," in message


@pytest.mark.parametrize(
    ("operation", "given"), [("PutRetentionPolicy", {"retentionInDays": 7}), ("DeleteRetentionPolicy", {})]
)
def test_the_retention_of_a_group_of_the_delivery_class_cannot_be_changed(
    harness: LogsHarness, operation: str, given: Json
) -> None:
    # AWS's message: https://github.com/hashicorp/terraform-provider-aws/issues/42657
    harness.logs("CreateLogGroup", logGroupName=GROUP, logGroupClass="DELIVERY")
    found = harness.expect_error(operation, logGroupName=GROUP, **given)
    assert found == ("ValidationException", "This operation is not supported for Delivery log class")
    (group,) = harness.logs("DescribeLogGroups")["logGroups"]
    assert group["retentionInDays"] == 1


def test_events_past_their_retention_are_not_read_and_are_deleted(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", (0, "old"))
    harness.advance(DAY)
    harness.put_events("s", (0, "new"))
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    harness.advance(1)
    assert harness.find_messages() == ["new"]
    harness.advance(HOUR)
    assert harness.count_chunks() == 1
    harness.advance(DAY)
    harness.advance(HOUR)
    assert (harness.find_messages(), harness.count_chunks()) == ([], 0)
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 0


def test_without_a_retention_nothing_expires(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    harness.put_events("s", (0, "old"))
    harness.logs("DeleteRetentionPolicy", logGroupName=GROUP)
    for _ in range(3):
        harness.advance(DAY)
    assert harness.find_messages() == ["old"]


def test_a_deleted_group_is_gone_immediately_and_a_new_group_of_its_name_is_empty(harness: LogsHarness) -> None:
    harness.create_group("s")
    for number in range(250):
        harness.put_events("s", (0, str(number)))
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    harness.create_group("s")
    assert harness.find_messages() == []
    harness.advance(1)
    assert harness.count_chunks() == 0


def test_the_deletion_of_a_groups_events_continues_after_a_crash(harness: LogsHarness) -> None:
    harness.create_group("s")
    for number in range(250):
        harness.put_events("s", (0, str(number)))
    harness.run(_delete_without_timers(harness))
    harness.crash()
    assert harness.count_chunks() == 250
    harness.up()
    harness.advance(1)
    assert harness.count_chunks() == 0


async def _delete_without_timers(harness: LogsHarness) -> None:
    """Delete the group while no timer fires."""
    harness.engine.dispatcher.fire_due_timers = lambda: None  # type: ignore[method-assign]
    await harness.engine.call(CALLER, "logs", "DeleteLogGroup", {"logGroupName": GROUP})


def test_a_protected_group_cannot_be_deleted(harness: LogsHarness) -> None:
    harness.create_group("s", deletionProtectionEnabled=True)
    assert harness.expect_error("DeleteLogGroup", logGroupName=GROUP)[0] == "ValidationException"
    assert harness.expect_error("DeleteLogStream", logGroupName=GROUP, logStreamName="s")[0] == "ValidationException"
    harness.logs("PutLogGroupDeletionProtection", logGroupIdentifier=ARN, deletionProtectionEnabled=False)
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    assert harness.list_groups() == []


def test_a_kms_key_is_shown_until_it_is_disassociated(harness: LogsHarness) -> None:
    harness.create_group()
    harness.logs("AssociateKmsKey", logGroupName=GROUP, kmsKeyId="key")
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["kmsKeyId"] == "key"
    harness.logs("DisassociateKmsKey", resourceIdentifier=ARN)
    assert "kmsKeyId" not in harness.logs("DescribeLogGroups")["logGroups"][0]
