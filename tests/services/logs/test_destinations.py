"""Destinations are stored, listed in order of name, and keep their policy.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestination.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.services.logs.logs_harness import LogsHarness

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/central"
ROLE = "arn:aws:iam::123456789012:role/logs"
POLICY = '{"Statement":[]}'


def put_destination(harness: LogsHarness, name: str, **params: Json) -> Json:
    given = {"targetArn": STREAM, "roleArn": ROLE} | params
    return harness.logs("PutDestination", destinationName=name, **given)["destination"]


def test_a_destination_is_shown_as_it_was_put(harness: LogsHarness) -> None:
    shown = put_destination(harness, "central")
    assert shown == {
        "destinationName": "central",
        "targetArn": STREAM,
        "roleArn": ROLE,
        "creationTime": harness.now,
        "arn": "arn:aws:logs:us-east-1:123456789012:destination:central",
    }
    assert harness.logs("DescribeDestinations") == {"destinations": [shown]}


def test_a_destination_that_is_put_again_keeps_its_policy_and_its_time(harness: LogsHarness) -> None:
    first = put_destination(harness, "central")
    harness.logs("PutDestinationPolicy", destinationName="central", accessPolicy=POLICY)
    harness.advance(5_000)
    again = put_destination(harness, "central", targetArn=f"{STREAM}2")
    assert again == first | {"targetArn": f"{STREAM}2", "accessPolicy": POLICY}


def test_destinations_are_listed_by_prefix_and_page(harness: LogsHarness) -> None:
    for name in ("b2", "a", "b1"):
        put_destination(harness, name)
    pages = list(harness.pages("DescribeDestinations", DestinationNamePrefix="b", limit=1))
    assert [each["destinationName"] for page in pages for each in page["destinations"]] == ["b1", "b2"]
    assert harness.logs("DescribeDestinations", DestinationNamePrefix="c") == {"destinations": []}


def test_a_deleted_destination_does_not_exist(harness: LogsHarness) -> None:
    put_destination(harness, "central")
    harness.logs("DeleteDestination", destinationName="central")
    expected = ("ResourceNotFoundException", "The specified destination does not exist.")
    assert harness.expect_error("DeleteDestination", destinationName="central") == expected
    given = {"destinationName": "central", "accessPolicy": POLICY}
    assert harness.expect_error("PutDestinationPolicy", **given) == ("InvalidParameterException", expected[1])


@pytest.mark.parametrize("wrong", [{"targetArn": "arn:aws:sqs:us-east-1:1:q"}, {"targetArn": "x"}, {"roleArn": "x"}])
def test_a_destination_that_cannot_exist_is_refused(harness: LogsHarness, wrong: Json) -> None:
    given = {"destinationName": "central", "targetArn": STREAM, "roleArn": ROLE} | wrong
    assert harness.expect_error("PutDestination", **given)[0] == "InvalidParameterException"


def test_a_destination_has_tags(harness: LogsHarness) -> None:
    arn = put_destination(harness, "central", tags={"team": "night"})["arn"]
    harness.logs("TagResource", resourceArn=arn, tags={"env": "prod"})
    harness.logs("UntagResource", resourceArn=arn, tagKeys=["team"])
    assert harness.logs("ListTagsForResource", resourceArn=arn) == {"tags": {"env": "prod"}}
    assert harness.expect_error("ListTagsForResource", resourceArn=f"{arn}s")[0] == "ResourceNotFoundException"
