"""Log groups are kept, listed in order of name, and go at once when they are deleted.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engines import CALLER, DAY, HOUR
from tests.services.logs.clerk import ARN, GROUP, Clerk


def test_a_group_is_shown_as_it_was_made_and_after_a_crash_too(clerk: Clerk) -> None:
    clerk.open(tags={"team": "night"}, kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    clerk.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=7)
    clerk.site.restart()
    (group,) = clerk.call("DescribeLogGroups")["logGroups"]
    assert group == {
        "logGroupName": GROUP,
        "creationTime": clerk.now,
        "retentionInDays": 7,
        "metricFilterCount": 0,
        "arn": f"{ARN}:*",
        "storedBytes": 0,
        "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k",
        "logGroupClass": "STANDARD",
        "logGroupArn": ARN,
        "deletionProtectionEnabled": False,
    }


def test_a_group_is_made_once(clerk: Clerk) -> None:
    clerk.open()
    expected = ("ResourceAlreadyExistsException", "The specified log group already exists")
    assert clerk.refused("CreateLogGroup", logGroupName=GROUP) == expected


def test_names_that_begin_with_aws_are_not_ours_to_give(clerk: Clerk) -> None:
    code, _ = clerk.refused("CreateLogGroup", logGroupName="aws/lambda/x")
    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    "operation", ["DeleteLogGroup", "DeleteRetentionPolicy", "ListTagsLogGroup", "DescribeSubscriptionFilters"]
)
def test_a_group_that_is_not_there_is_not_found(clerk: Clerk, operation: str) -> None:
    expected = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert clerk.refused(operation, logGroupName="none") == expected


def test_groups_are_listed_in_order_of_name_page_by_page(clerk: Clerk) -> None:
    for name in ("b", "a/2", "c", "a/1", "A"):
        clerk.open(group=name)
    assert clerk.groups(limit=2) == ["A", "a/1", "a/2", "b", "c"]
    assert clerk.groups(logGroupNamePrefix="a", limit=1) == ["a/1", "a/2"]
    assert clerk.groups(logGroupNamePattern="/", limit=1) == ["a/1", "a/2"]
    identifiers = ["none", "c", "arn:aws:logs:us-east-1:123456789012:log-group:b"]
    assert clerk.groups(logGroupIdentifiers=identifiers) == ["c", "b"]
    code, _ = clerk.refused("DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="a")
    assert code == "InvalidParameterException"


def test_groups_found_by_a_pattern_tell_three_things(clerk: Clerk) -> None:
    clerk.open()
    (group,) = clerk.call("DescribeLogGroups", logGroupNamePattern="night")["logGroups"]
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
def test_groups_are_listed_by_name_class_and_tag(clerk: Clerk, filters: Json, names: list[str]) -> None:
    clerk.open(group="a/x", tags={"team": "day"})
    clerk.open(group="b/x", tags={"team": "night"}, logGroupClass="INFREQUENT_ACCESS")
    clerk.open(group="c/a/")
    pages = clerk.pages("ListLogGroups", limit=1, **filters)
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == names


def test_a_token_that_nobody_gave_is_refused(clerk: Clerk) -> None:
    for token in ("x", "bnVsbA==", "MTI="):
        assert clerk.refused("DescribeLogGroups", nextToken=token)[0] == "InvalidParameterException"


def test_both_generations_of_tag_operations_speak_of_the_same_tags(clerk: Clerk) -> None:
    clerk.open(tags={"a": "1"})
    clerk.call("TagLogGroup", logGroupName=GROUP, tags={"b": "2", "c": "3"})
    clerk.call("TagResource", resourceArn=ARN, tags={"a": "4"})
    assert clerk.call("ListTagsLogGroup", logGroupName=GROUP)["tags"] == {"a": "4", "b": "2", "c": "3"}
    clerk.call("UntagLogGroup", logGroupName=GROUP, tags=["b"])
    clerk.call("UntagResource", resourceArn=ARN, tagKeys=["c", "never"])
    assert clerk.call("ListTagsForResource", resourceArn=ARN)["tags"] == {"a": "4"}
    many = {f"k{number}": "" for number in range(50)}
    assert clerk.refused("TagResource", resourceArn=ARN, tags=many)[0] == "TooManyTagsException"


def test_a_retention_is_one_of_those_that_there_are(clerk: Clerk) -> None:
    clerk.open()
    code, message = clerk.refused("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Member must satisfy enum value set: [1, 3, 5," in message


def test_what_is_past_its_retention_is_not_read_and_is_swept(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.put("s", (0, "old"))
    clerk.site.advance(DAY)
    clerk.put("s", (0, "new"))
    clerk.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    clerk.site.advance(1)
    assert clerk.found() == ["new"]
    clerk.site.advance(HOUR)
    assert clerk.chunks() == 1
    clerk.site.advance(DAY)
    clerk.site.advance(HOUR)
    assert (clerk.found(), clerk.chunks()) == ([], 0)
    assert clerk.call("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 0


def test_without_a_retention_nothing_expires(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    clerk.put("s", (0, "old"))
    clerk.call("DeleteRetentionPolicy", logGroupName=GROUP)
    for _ in range(3):
        clerk.site.advance(DAY)
    assert clerk.found() == ["old"]


def test_a_deleted_group_is_gone_at_once_and_its_successor_begins_empty(clerk: Clerk) -> None:
    clerk.open("s")
    for number in range(250):
        clerk.put("s", (0, str(number)))
    clerk.call("DeleteLogGroup", logGroupName=GROUP)
    clerk.open("s")
    assert clerk.found() == []
    clerk.site.advance(1)
    assert clerk.chunks() == 0


def test_the_sweeping_of_a_group_goes_on_after_a_crash(clerk: Clerk) -> None:
    clerk.open("s")
    for number in range(250):
        clerk.put("s", (0, str(number)))
    clerk.site.run(_delete_and_no_more(clerk))
    clerk.site.crash()
    assert clerk.chunks() == 250
    clerk.site.up()
    clerk.site.advance(1)
    assert clerk.chunks() == 0


async def _delete_and_no_more(clerk: Clerk) -> None:
    """Delete the group while no timer rings."""
    clerk.site.engine.dispatcher.ring_due_timers = lambda: None  # type: ignore[method-assign]
    await clerk.site.engine.call(CALLER, "logs", "DeleteLogGroup", {"logGroupName": GROUP})


def test_a_protected_group_is_not_deleted(clerk: Clerk) -> None:
    clerk.open("s", deletionProtectionEnabled=True)
    assert clerk.refused("DeleteLogGroup", logGroupName=GROUP)[0] == "ValidationException"
    assert clerk.refused("DeleteLogStream", logGroupName=GROUP, logStreamName="s")[0] == "ValidationException"
    clerk.call("PutLogGroupDeletionProtection", logGroupIdentifier=ARN, deletionProtectionEnabled=False)
    clerk.call("DeleteLogGroup", logGroupName=GROUP)
    assert clerk.groups() == []


def test_a_key_is_kept_and_shown_until_it_is_taken_back(clerk: Clerk) -> None:
    clerk.open()
    clerk.call("AssociateKmsKey", logGroupName=GROUP, kmsKeyId="key")
    assert clerk.call("DescribeLogGroups")["logGroups"][0]["kmsKeyId"] == "key"
    clerk.call("DisassociateKmsKey", resourceIdentifier=ARN)
    assert "kmsKeyId" not in clerk.call("DescribeLogGroups")["logGroups"][0]
