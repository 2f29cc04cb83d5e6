"""List log streams by name or by their latest event, in both orders.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.operations.pages import encode_token
from tests.engine_harness import SECOND
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness, messages


def test_a_stream_shows_the_times_of_its_first_and_latest_event(harness: LogsHarness) -> None:
    harness.create_group("s")
    empty = {"logStreamName": "s", "creationTime": harness.now, "arn": f"{ARN}:log-stream:s", "storedBytes": 0}
    assert harness.logs("DescribeLogStreams", logGroupIdentifier=ARN)["logStreams"] == [empty]
    harness.put_events("s", (2 * SECOND, "a"), (SECOND, "b"))
    harness.put_events("s", (5 * SECOND, "before"))
    (stream,) = harness.logs("DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert stream.pop("uploadSequenceToken")
    assert stream == empty | {
        "firstEventTimestamp": harness.now - 5 * SECOND,
        "lastEventTimestamp": harness.now - SECOND,
        "lastIngestionTime": harness.now,
    }


def test_streams_are_listed_by_name_in_both_orders_and_by_prefix(harness: LogsHarness) -> None:
    harness.create_group("b", "a/1", "c", "a/2")
    assert harness.list_streams(limit=1) == ["a/1", "a/2", "b", "c"]
    assert harness.list_streams(limit=3, descending=True) == ["c", "b", "a/2", "a/1"]
    assert harness.list_streams(logStreamNamePrefix="a/", limit=1, descending=True) == ["a/2", "a/1"]


def test_streams_are_listed_by_their_latest_event_in_both_orders(harness: LogsHarness) -> None:
    harness.create_group("never", "early", "late", "middle")
    for stream, ago in (("late", 1), ("early", 30), ("middle", 5)):
        harness.put_events(stream, (ago * SECOND, "x"))
    assert harness.list_streams(orderBy="LastEventTime", descending=True, limit=1) == [
        "late",
        "middle",
        "early",
        "never",
    ]
    assert harness.list_streams(orderBy="LastEventTime", limit=3) == ["never", "early", "middle", "late"]
    code, _ = harness.expect_error(
        "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="l"
    )
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("token", [[1], ["a", 1], [-1, 0], [0, 10**30]])
def test_an_invalid_token_is_refused(harness: LogsHarness, token: Json) -> None:
    harness.create_group("s")
    params = {"logGroupName": GROUP, "orderBy": "LastEventTime", "nextToken": encode_token(token)}
    assert harness.expect_error("DescribeLogStreams", **params)[0] == "InvalidParameterException"


def test_a_stream_cannot_be_created_twice_and_a_missing_stream_is_an_error(harness: LogsHarness) -> None:
    harness.create_group("s")
    named = {"logGroupName": GROUP, "logStreamName": "s"}
    expected = ("ResourceAlreadyExistsException", "The specified log stream already exists")
    assert harness.expect_error("CreateLogStream", **named) == expected
    harness.logs("DeleteLogStream", **named)
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert harness.expect_error("DeleteLogStream", **named) == missing
    assert harness.expect_error("GetLogEvents", **named) == missing
    assert harness.expect_error("FilterLogEvents", logGroupName=GROUP, logStreamNames=["s"]) == missing


def test_events_of_a_deleted_stream_are_gone_immediately_and_their_rows_are_deleted(harness: LogsHarness) -> None:
    harness.create_group("s", "t")
    harness.put_events("s", (0, "a"))
    harness.put_events("t", (0, "b"))
    harness.logs("DeleteLogStream", logGroupName=GROUP, logStreamName="s")
    assert harness.find_messages() == ["b"]
    harness.logs("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    assert messages(harness.get_events("s")["events"]) == []
    harness.advance(1)
    assert harness.count_chunks() == 1
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 27


def test_a_group_must_be_named_by_exactly_one_valid_parameter(harness: LogsHarness) -> None:
    harness.create_group("s")
    assert harness.expect_error("DescribeLogStreams")[0] == "InvalidParameterException"
    assert harness.expect_error("DescribeLogStreams", logGroupName=GROUP, logGroupIdentifier=ARN)[0] == (
        "InvalidParameterException"
    )
    assert harness.expect_error("DescribeLogStreams", logGroupIdentifier=f"{ARN}:*")[0] == "InvalidParameterException"
