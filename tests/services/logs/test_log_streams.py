"""Log streams are listed by name or by their latest event, either way.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.logs.arns import page_token
from tests.engine_harness import SECOND
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness, messages


def test_a_stream_tells_of_its_first_and_latest_event(harness: LogsHarness) -> None:
    harness.open("s")
    empty = {"logStreamName": "s", "creationTime": harness.now, "arn": f"{ARN}:log-stream:s", "storedBytes": 0}
    assert harness.logs("DescribeLogStreams", logGroupIdentifier=ARN)["logStreams"] == [empty]
    harness.put("s", (2 * SECOND, "a"), (SECOND, "b"))
    harness.put("s", (5 * SECOND, "before"))
    (stream,) = harness.logs("DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert stream.pop("uploadSequenceToken")
    assert stream == empty | {
        "firstEventTimestamp": harness.now - 5 * SECOND,
        "lastEventTimestamp": harness.now - SECOND,
        "lastIngestionTime": harness.now,
    }


def test_streams_are_listed_by_name_either_way_and_by_prefix(harness: LogsHarness) -> None:
    harness.open("b", "a/1", "c", "a/2")
    assert harness.streams(limit=1) == ["a/1", "a/2", "b", "c"]
    assert harness.streams(limit=3, descending=True) == ["c", "b", "a/2", "a/1"]
    assert harness.streams(logStreamNamePrefix="a/", limit=1, descending=True) == ["a/2", "a/1"]


def test_streams_are_listed_by_their_latest_event_either_way(harness: LogsHarness) -> None:
    harness.open("never", "early", "late", "middle")
    for stream, ago in (("late", 1), ("early", 30), ("middle", 5)):
        harness.put(stream, (ago * SECOND, "x"))
    assert harness.streams(orderBy="LastEventTime", descending=True, limit=1) == ["late", "middle", "early", "never"]
    assert harness.streams(orderBy="LastEventTime", limit=3) == ["never", "early", "middle", "late"]
    code, _ = harness.refused(
        "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="l"
    )
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("place", [[1], ["a", 1], [-1, 0], [0, 10**30]])
def test_a_place_among_streams_that_nobody_gave_is_refused(harness: LogsHarness, place: Json) -> None:
    harness.open("s")
    params = {"logGroupName": GROUP, "orderBy": "LastEventTime", "nextToken": page_token(place)}
    assert harness.refused("DescribeLogStreams", **params)[0] == "InvalidParameterException"


def test_a_stream_is_made_once_and_found_only_where_it_is(harness: LogsHarness) -> None:
    harness.open("s")
    named = {"logGroupName": GROUP, "logStreamName": "s"}
    expected = ("ResourceAlreadyExistsException", "The specified log stream already exists")
    assert harness.refused("CreateLogStream", **named) == expected
    harness.logs("DeleteLogStream", **named)
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert harness.refused("DeleteLogStream", **named) == missing
    assert harness.refused("GetLogEvents", **named) == missing
    assert harness.refused("FilterLogEvents", logGroupName=GROUP, logStreamNames=["s"]) == missing


def test_events_of_a_deleted_stream_are_gone_at_once_and_swept(harness: LogsHarness) -> None:
    harness.open("s", "t")
    harness.put("s", (0, "a"))
    harness.put("t", (0, "b"))
    harness.logs("DeleteLogStream", logGroupName=GROUP, logStreamName="s")
    assert harness.found() == ["b"]
    harness.logs("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    assert messages(harness.get("s")["events"]) == []
    harness.advance(1)
    assert harness.chunks() == 1
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 27


def test_a_group_is_named_in_one_way_at_a_time(harness: LogsHarness) -> None:
    harness.open("s")
    assert harness.refused("DescribeLogStreams")[0] == "InvalidParameterException"
    assert harness.refused("DescribeLogStreams", logGroupName=GROUP, logGroupIdentifier=ARN)[0] == (
        "InvalidParameterException"
    )
    assert harness.refused("DescribeLogStreams", logGroupIdentifier=f"{ARN}:*")[0] == "InvalidParameterException"
