"""Log streams are listed by name or by their latest event, either way.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.logs.arns import page_token
from tests.engines import SECOND
from tests.services.logs.clerk import ARN, GROUP, Clerk, messages


def test_a_stream_tells_of_its_first_and_latest_event(clerk: Clerk) -> None:
    clerk.open("s")
    empty = {"logStreamName": "s", "creationTime": clerk.now, "arn": f"{ARN}:log-stream:s", "storedBytes": 0}
    assert clerk.call("DescribeLogStreams", logGroupIdentifier=ARN)["logStreams"] == [empty]
    clerk.put("s", (2 * SECOND, "a"), (SECOND, "b"))
    clerk.put("s", (5 * SECOND, "before"))
    (stream,) = clerk.call("DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert stream.pop("uploadSequenceToken")
    assert stream == empty | {
        "firstEventTimestamp": clerk.now - 5 * SECOND,
        "lastEventTimestamp": clerk.now - SECOND,
        "lastIngestionTime": clerk.now,
    }


def test_streams_are_listed_by_name_either_way_and_by_prefix(clerk: Clerk) -> None:
    clerk.open("b", "a/1", "c", "a/2")
    assert clerk.streams(limit=1) == ["a/1", "a/2", "b", "c"]
    assert clerk.streams(limit=3, descending=True) == ["c", "b", "a/2", "a/1"]
    assert clerk.streams(logStreamNamePrefix="a/", limit=1, descending=True) == ["a/2", "a/1"]


def test_streams_are_listed_by_their_latest_event_either_way(clerk: Clerk) -> None:
    clerk.open("never", "early", "late", "middle")
    for stream, ago in (("late", 1), ("early", 30), ("middle", 5)):
        clerk.put(stream, (ago * SECOND, "x"))
    assert clerk.streams(orderBy="LastEventTime", descending=True, limit=1) == ["late", "middle", "early", "never"]
    assert clerk.streams(orderBy="LastEventTime", limit=3) == ["never", "early", "middle", "late"]
    code, _ = clerk.refused("DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="l")
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("place", [[1], ["a", 1], [-1, 0], [0, 10**30]])
def test_a_place_among_streams_that_nobody_gave_is_refused(clerk: Clerk, place: Json) -> None:
    clerk.open("s")
    params = {"logGroupName": GROUP, "orderBy": "LastEventTime", "nextToken": page_token(place)}
    assert clerk.refused("DescribeLogStreams", **params)[0] == "InvalidParameterException"


def test_a_stream_is_made_once_and_found_only_where_it_is(clerk: Clerk) -> None:
    clerk.open("s")
    named = {"logGroupName": GROUP, "logStreamName": "s"}
    expected = ("ResourceAlreadyExistsException", "The specified log stream already exists")
    assert clerk.refused("CreateLogStream", **named) == expected
    clerk.call("DeleteLogStream", **named)
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert clerk.refused("DeleteLogStream", **named) == missing
    assert clerk.refused("GetLogEvents", **named) == missing
    assert clerk.refused("FilterLogEvents", logGroupName=GROUP, logStreamNames=["s"]) == missing


def test_events_of_a_deleted_stream_are_gone_at_once_and_swept(clerk: Clerk) -> None:
    clerk.open("s", "t")
    clerk.put("s", (0, "a"))
    clerk.put("t", (0, "b"))
    clerk.call("DeleteLogStream", logGroupName=GROUP, logStreamName="s")
    assert clerk.found() == ["b"]
    clerk.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    assert messages(clerk.get("s")["events"]) == []
    clerk.site.advance(1)
    assert clerk.chunks() == 1
    assert clerk.call("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 27


def test_a_group_is_named_in_one_way_at_a_time(clerk: Clerk) -> None:
    clerk.open("s")
    assert clerk.refused("DescribeLogStreams")[0] == "InvalidParameterException"
    assert clerk.refused("DescribeLogStreams", logGroupName=GROUP, logGroupIdentifier=ARN)[0] == (
        "InvalidParameterException"
    )
    assert clerk.refused("DescribeLogStreams", logGroupIdentifier=f"{ARN}:*")[0] == "InvalidParameterException"
