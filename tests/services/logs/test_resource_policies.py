"""Resource policies are kept and shown, of the account and of log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from lamplighter.base.json_text import dumps
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness

DOCUMENT = dumps({"Version": "2012-10-17", "Statement": []})


def names(harness: LogsHarness) -> list[str]:
    pages = harness.pages("DescribeResourcePolicies", limit=2)
    return [each["policyName"] for page in pages for each in page["resourcePolicies"]]


def test_policies_of_the_account_are_kept_shown_and_deleted(harness: LogsHarness) -> None:
    for name in ("c", "a", "b", "a"):
        put = harness.logs("PutResourcePolicy", policyName=name, policyDocument=DOCUMENT)
    assert put["resourcePolicy"] == {
        "policyName": "a",
        "policyDocument": DOCUMENT,
        "lastUpdatedTime": harness.now,
        "policyScope": "ACCOUNT",
    }
    harness.restart()
    assert names(harness) == ["a", "b", "c"]
    harness.logs("DeleteResourcePolicy", policyName="b")
    assert names(harness) == ["a", "c"]
    assert harness.refused("DeleteResourcePolicy", policyName="b")[0] == "ResourceNotFoundException"


def test_an_account_has_ten_policies_at_most(harness: LogsHarness) -> None:
    for at in range(10):
        harness.logs("PutResourcePolicy", policyName=str(at), policyDocument=DOCUMENT)
    again = {"policyName": "9", "policyDocument": DOCUMENT}
    harness.logs("PutResourcePolicy", **again)
    assert harness.refused("PutResourcePolicy", **again | {"policyName": "10"})[0] == "LimitExceededException"


def test_a_log_group_has_one_policy_that_is_changed_by_who_knows_its_revision(harness: LogsHarness) -> None:
    harness.open()
    given = {"policyDocument": DOCUMENT, "resourceArn": f"{ARN}:*"}
    first = harness.logs("PutResourcePolicy", policyName="a", **given)["revisionId"]
    assert harness.refused("PutResourcePolicy", policyName="a", **given)[0] == "InvalidParameterException"
    second = harness.logs("PutResourcePolicy", policyName="b", expectedRevisionId=first, **given)["revisionId"]
    for asked in ({"resourceArn": ARN}, {"policyScope": "RESOURCE"}):
        (shown,) = harness.logs("DescribeResourcePolicies", **asked)["resourcePolicies"]
        assert (shown["policyName"], shown["resourceArn"], shown["revisionId"]) == ("b", ARN, second)
    assert harness.logs("DescribeResourcePolicies")["resourcePolicies"] == []
    assert harness.refused("DeleteResourcePolicy", resourceArn=ARN)[0] == "InvalidParameterException"
    harness.logs("DeleteResourcePolicy", resourceArn=ARN, expectedRevisionId=second)
    assert harness.logs("DescribeResourcePolicies", resourceArn=ARN)["resourcePolicies"] == []
    harness.logs("PutResourcePolicy", policyName="a", **given)
    harness.logs("DeleteLogGroup", logGroupName=GROUP)
    assert harness.logs("DescribeResourcePolicies", policyScope="RESOURCE")["resourcePolicies"] == []


def test_what_is_no_policy_is_refused(harness: LogsHarness) -> None:
    assert harness.refused("PutResourcePolicy", policyName="a", policyDocument="x")[0] == "InvalidParameterException"
    assert harness.refused("PutResourcePolicy", policyDocument=DOCUMENT)[0] == "InvalidParameterException"
    missing = {"policyName": "a", "policyDocument": DOCUMENT, "resourceArn": ARN}
    assert harness.refused("PutResourcePolicy", **missing)[0] == "ResourceNotFoundException"
