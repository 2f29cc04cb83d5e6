"""Resource policies are kept and shown, of the account and of log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from lamplighter.base.json_text import dumps
from tests.services.logs.clerk import ARN, GROUP, Clerk

DOCUMENT = dumps({"Version": "2012-10-17", "Statement": []})


def names(clerk: Clerk) -> list[str]:
    pages = clerk.pages("DescribeResourcePolicies", limit=2)
    return [each["policyName"] for page in pages for each in page["resourcePolicies"]]


def test_policies_of_the_account_are_kept_shown_and_deleted(clerk: Clerk) -> None:
    for name in ("c", "a", "b", "a"):
        put = clerk.call("PutResourcePolicy", policyName=name, policyDocument=DOCUMENT)
    assert put["resourcePolicy"] == {
        "policyName": "a",
        "policyDocument": DOCUMENT,
        "lastUpdatedTime": clerk.now,
        "policyScope": "ACCOUNT",
    }
    clerk.site.restart()
    assert names(clerk) == ["a", "b", "c"]
    clerk.call("DeleteResourcePolicy", policyName="b")
    assert names(clerk) == ["a", "c"]
    assert clerk.refused("DeleteResourcePolicy", policyName="b")[0] == "ResourceNotFoundException"


def test_an_account_has_ten_policies_at_most(clerk: Clerk) -> None:
    for at in range(10):
        clerk.call("PutResourcePolicy", policyName=str(at), policyDocument=DOCUMENT)
    again = {"policyName": "9", "policyDocument": DOCUMENT}
    clerk.call("PutResourcePolicy", **again)
    assert clerk.refused("PutResourcePolicy", **again | {"policyName": "10"})[0] == "LimitExceededException"


def test_a_log_group_has_one_policy_that_is_changed_by_who_knows_its_revision(clerk: Clerk) -> None:
    clerk.open()
    given = {"policyDocument": DOCUMENT, "resourceArn": f"{ARN}:*"}
    first = clerk.call("PutResourcePolicy", policyName="a", **given)["revisionId"]
    assert clerk.refused("PutResourcePolicy", policyName="a", **given)[0] == "InvalidParameterException"
    second = clerk.call("PutResourcePolicy", policyName="b", expectedRevisionId=first, **given)["revisionId"]
    for asked in ({"resourceArn": ARN}, {"policyScope": "RESOURCE"}):
        (shown,) = clerk.call("DescribeResourcePolicies", **asked)["resourcePolicies"]
        assert (shown["policyName"], shown["resourceArn"], shown["revisionId"]) == ("b", ARN, second)
    assert clerk.call("DescribeResourcePolicies")["resourcePolicies"] == []
    assert clerk.refused("DeleteResourcePolicy", resourceArn=ARN)[0] == "InvalidParameterException"
    clerk.call("DeleteResourcePolicy", resourceArn=ARN, expectedRevisionId=second)
    assert clerk.call("DescribeResourcePolicies", resourceArn=ARN)["resourcePolicies"] == []
    clerk.call("PutResourcePolicy", policyName="a", **given)
    clerk.call("DeleteLogGroup", logGroupName=GROUP)
    assert clerk.call("DescribeResourcePolicies", policyScope="RESOURCE")["resourcePolicies"] == []


def test_what_is_no_policy_is_refused(clerk: Clerk) -> None:
    assert clerk.refused("PutResourcePolicy", policyName="a", policyDocument="x")[0] == "InvalidParameterException"
    assert clerk.refused("PutResourcePolicy", policyDocument=DOCUMENT)[0] == "InvalidParameterException"
    missing = {"policyName": "a", "policyDocument": DOCUMENT, "resourceArn": ARN}
    assert clerk.refused("PutResourcePolicy", **missing)[0] == "ResourceNotFoundException"
