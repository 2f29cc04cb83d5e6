"""Store and show the resource policies of the account and of log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from lamplighter.base.json_text import dumps
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness

DOCUMENT = dumps({"Version": "2012-10-17", "Statement": []})


def list_policy_names(harness: LogsHarness) -> list[str]:
    pages = harness.pages("DescribeResourcePolicies", limit=2)
    return [each["policyName"] for page in pages for each in page["resourcePolicies"]]


def test_policies_of_the_account_are_stored_shown_and_deleted(harness: LogsHarness) -> None:
    for name in ("c", "a", "b", "a"):
        put = harness.logs("PutResourcePolicy", policyName=name, policyDocument=DOCUMENT)
    assert put["resourcePolicy"] == {
        "policyName": "a",
        "policyDocument": DOCUMENT,
        "lastUpdatedTime": harness.now,
        "policyScope": "ACCOUNT",
    }
    harness.restart()
    assert list_policy_names(harness) == ["a", "b", "c"]
    harness.logs("DeleteResourcePolicy", policyName="b")
    assert list_policy_names(harness) == ["a", "c"]
    assert harness.expect_error("DeleteResourcePolicy", policyName="b")[0] == "ResourceNotFoundException"


def test_an_account_has_at_most_ten_policies(harness: LogsHarness) -> None:
    for at in range(10):
        harness.logs("PutResourcePolicy", policyName=str(at), policyDocument=DOCUMENT)
    again = {"policyName": "9", "policyDocument": DOCUMENT}
    harness.logs("PutResourcePolicy", **again)
    assert harness.expect_error("PutResourcePolicy", **again | {"policyName": "10"})[0] == "LimitExceededException"


def test_a_log_group_has_one_policy_that_changes_only_with_its_revision_id(harness: LogsHarness) -> None:
    harness.create_group()
    given = {"policyDocument": DOCUMENT, "resourceArn": f"{ARN}:*"}
    first = harness.logs("PutResourcePolicy", policyName="a", **given)["revisionId"]
    assert harness.expect_error("PutResourcePolicy", policyName="a", **given)[0] == "InvalidParameterException"
    second = harness.logs("PutResourcePolicy", policyName="b", expectedRevisionId=first, **given)["revisionId"]
    for params in ({"resourceArn": ARN}, {"policyScope": "RESOURCE"}):
        (shown,) = harness.logs("DescribeResourcePolicies", **params)["resourcePolicies"]
        assert (shown["policyName"], shown["resourceArn"], shown["revisionId"]) == ("b", ARN, second)
    assert harness.logs("DescribeResourcePolicies")["resourcePolicies"] == []
    assert harness.expect_error("DeleteResourcePolicy", resourceArn=ARN)[0] == "InvalidParameterException"
    harness.logs("DeleteResourcePolicy", resourceArn=ARN, expectedRevisionId=second)
    assert harness.logs("DescribeResourcePolicies", resourceArn=ARN)["resourcePolicies"] == []
    harness.logs("PutResourcePolicy", policyName="a", **given)
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    assert harness.logs("DescribeResourcePolicies", policyScope="RESOURCE")["resourcePolicies"] == []


def test_an_invalid_policy_is_refused(harness: LogsHarness) -> None:
    assert (
        harness.expect_error("PutResourcePolicy", policyName="a", policyDocument="x")[0] == "InvalidParameterException"
    )
    assert harness.expect_error("PutResourcePolicy", policyDocument=DOCUMENT)[0] == "InvalidParameterException"
    missing = {"policyName": "a", "policyDocument": DOCUMENT, "resourceArn": ARN}
    assert harness.expect_error("PutResourcePolicy", **missing)[0] == "ResourceNotFoundException"
