"""Put log events and read each of them once, in order and from either end, also after a crash.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import DAY, HOUR, SECOND, EngineDied
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness, messages


def test_events_of_all_streams_and_batches_are_read_in_order_of_time(harness: LogsHarness) -> None:
    harness.create_group("a", "b")
    harness.put_events("a", (300 * SECOND, "1"), (200 * SECOND, "3"), (SECOND, "6"))
    harness.put_events("b", (250 * SECOND, "2"), (200 * SECOND, "4"))
    harness.put_events("a", (200 * SECOND, "5"))
    harness.restart()
    assert harness.find_messages() == ["1", "2", "3", "4", "5", "6"]
    assert harness.find_messages(limit=1) == ["1", "2", "3", "4", "5", "6"]
    late: Json = {"startFromHead": False, "startTime": harness.now - DAY}
    assert harness.find_messages(limit=4, **late) == ["6", "5", "4", "3", "2", "1"]


def test_an_event_shows_its_stream_its_times_and_a_unique_id(harness: LogsHarness) -> None:
    harness.create_group("a")
    harness.put_events("a", (SECOND, "x"), (SECOND, "x"))
    events = harness.logs("FilterLogEvents", logGroupIdentifier=ARN)["events"]
    ids = [event.pop("eventId") for event in events]
    assert (
        events
        == [{"logStreamName": "a", "timestamp": harness.now - SECOND, "message": "x", "ingestionTime": harness.now}] * 2
    )
    assert len(set(ids)) == 2
    assert all(len(each) == 56 and each.isdigit() for each in ids)


def test_events_are_filtered_by_time_and_by_stream(harness: LogsHarness) -> None:
    harness.create_group("app/1", "app/2", "db")
    for stream in ("app/1", "app/2", "db"):
        harness.put_events(stream, *((ago * SECOND, f"{stream} {ago}") for ago in (3, 2, 1)))
    second: Json = {"startTime": harness.now - 2 * SECOND, "endTime": harness.now - 2 * SECOND}
    assert harness.find_messages(**second) == ["app/1 2", "app/2 2", "db 2"]
    assert harness.find_messages(logStreamNamePrefix="app/", **second) == ["app/1 2", "app/2 2"]
    assert harness.find_messages(logStreamNames=["db", "app/2"], limit=2)[:3] == ["app/2 3", "db 3", "app/2 2"]
    assert harness.find_messages(logStreamNamePrefix="none") == []
    code, _ = harness.expect_error(
        "FilterLogEvents", logGroupName=GROUP, logStreamNames=["db"], logStreamNamePrefix="a"
    )
    assert code == "InvalidParameterException"


def test_a_prefix_finds_more_than_a_hundred_streams(harness: LogsHarness) -> None:
    harness.create_group(*(f"x/{number}" for number in range(101)), "y")
    harness.put_events("y", (0, "no"))
    harness.put_events("x/100", (0, "yes"))
    assert harness.find_messages(logStreamNamePrefix="x/") == ["yes"]


def test_an_empty_page_may_be_followed_by_a_page_with_events(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", *((9 * SECOND, f"dull {number}") for number in range(9_000)))
    harness.put_events("s", (0, "ERROR at last"))
    pages = list(harness.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert [messages(page["events"]) for page in pages] == [[], ["ERROR at last"]]


def test_a_page_searches_a_limited_amount_of_text(harness: LogsHarness) -> None:
    harness.create_group("s")
    for number in range(9):
        harness.put_events("s", (9 - number, "x" * 1_000_000))
    pages = list(harness.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert len(pages) == 2


def test_reading_newest_first_needs_a_start_time(harness: LogsHarness) -> None:
    harness.create_group("s")
    code, _ = harness.expect_error("FilterLogEvents", logGroupName=GROUP, startFromHead=False)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["ERROR:", "{ $.a", "{ $.a == 1 }", "%(a)%", "[a=1 && b=2]"])
def test_an_invalid_pattern_is_refused(harness: LogsHarness, pattern: str) -> None:
    harness.create_group()
    code, _ = harness.expect_error("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern)
    assert code == "InvalidParameterException"


def test_get_log_events_returns_the_latest_events_by_default(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = harness.get_events("s", limit=3)
    assert messages(page["events"]) == ["7", "8", "9"]
    page = harness.get_events("s", limit=3, nextToken=page["nextBackwardToken"])
    assert messages(page["events"]) == ["4", "5", "6"]
    page = harness.get_events("s", limit=3, nextToken=page["nextForwardToken"])
    assert messages(page["events"]) == ["7", "8", "9"]


@pytest.mark.parametrize(("from_head", "token_name"), [(True, "nextForwardToken"), (False, "nextBackwardToken")])
def test_at_the_end_the_same_token_is_returned(harness: LogsHarness, from_head: bool, token_name: str) -> None:
    harness.create_group("s")
    harness.put_events("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = harness.get_events("s", limit=4, startFromHead=from_head)
    seen = [messages(page["events"])]
    while (following := harness.get_events("s", limit=4, nextToken=page[token_name]))[token_name] != page[token_name]:
        page = following
        seen.append(messages(page["events"]))
    assert following["events"] == []
    assert sorted(each for page in seen for each in page) == [str(number) for number in range(10)]
    assert len(seen) == 3


def test_the_token_at_the_end_of_a_stream_returns_later_events(harness: LogsHarness) -> None:
    harness.create_group("s")
    token = harness.get_events("s", startFromHead=True)["nextForwardToken"]
    assert harness.get_events("s", nextToken=token)["nextForwardToken"] == token
    for number in range(3):
        harness.advance(SECOND)
        harness.put_events("s", (0, str(number)))
        page = harness.get_events("s", nextToken=token)
        token = page["nextForwardToken"]
        assert messages(page["events"]) == [str(number)]


def test_get_log_events_excludes_the_end_time(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", *((ago * SECOND, str(ago)) for ago in (3, 2, 1)))
    times: Json = {"startTime": harness.now - 3 * SECOND, "endTime": harness.now - SECOND}
    assert messages(harness.get_events("s", **times)["events"]) == ["3", "2"]
    assert messages(harness.get_events("s", startFromHead=True, **times)["events"]) == ["3", "2"]


@pytest.mark.parametrize("token", ["", "f/1/s", "x/" + "3" * 56 + "/s", "f/" + "9" * 56 + "/s"])
def test_an_invalid_token_is_refused(harness: LogsHarness, token: str) -> None:
    harness.create_group("s")
    if token:
        assert harness.expect_error("GetLogEvents", logGroupName=GROUP, logStreamName="s", nextToken=token)[0] == (
            "InvalidParameterException"
        )
    assert harness.expect_error("FilterLogEvents", logGroupName=GROUP, nextToken=token or "x")[0] == (
        "InvalidParameterException"
    )


def test_events_that_are_too_old_expired_or_too_new_are_rejected_and_the_rest_is_kept(harness: LogsHarness) -> None:
    harness.create_group("s")
    answer = harness.put_events("s", (15 * DAY, "old"), (HOUR, "fits"), (-3 * HOUR, "new"), (-3 * HOUR, "newer"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = harness.put_events("s", (15 * DAY, "old"), (2 * DAY, "expired"), (0, "fits too"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}
    assert "rejectedLogEventsInfo" not in harness.put_events("s", (0, "alone"))
    assert harness.find_messages() == ["fits", "fits too", "alone"]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([(0, "a"), (1, "b")], "Log events in a single PutLogEvents request must be in chronological order."),
        ([(0, "x" * 1_048_551)], "Log event too large: 1048577 bytes exceeds limit of 1048576"),
        ([(0, "x" * 600_000)] * 2, "Upload too large: 1200052 bytes exceeds limit of 1048576"),
        ([(0, "ü" * 524_276)], "Log event too large: 1048578 bytes exceeds limit of 1048576"),
        (
            [(2 * DAY, "a"), (0, "b")],
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
    ],
)
def test_an_invalid_batch_is_refused_completely(
    harness: LogsHarness, events: list[tuple[int, str]], message: str
) -> None:
    harness.create_group("s")
    listed = [{"timestamp": harness.now - ago, "message": text} for ago, text in events]
    answer = harness.expect_error("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=listed)
    assert answer == ("InvalidParameterException", message)
    assert harness.find_messages() == []


def test_an_event_of_the_maximum_size_is_stored_completely(harness: LogsHarness) -> None:
    harness.create_group("s")
    harness.put_events("s", (0, "ü" * 524_275))
    assert harness.find_messages() == ["ü" * 524_275]
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 1_048_576


def test_the_sequence_token_is_ignored(harness: LogsHarness) -> None:
    harness.create_group("s")
    event = {"timestamp": harness.now, "message": "x"}
    for token in ({}, {"sequenceToken": "1"}, {"sequenceToken": "1"}):
        answer = harness.logs("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=[event], **token)
        assert answer["nextSequenceToken"]
    assert len(harness.find_messages()) == 3


@pytest.mark.parametrize("before", [True, False])
def test_after_a_crash_events_are_stored_only_if_the_commit_succeeded(harness: LogsHarness, before: bool) -> None:
    harness.create_group("s")
    harness.put_events("s", (0, "kept"))
    harness.die_at(1, before=before)
    with pytest.raises(EngineDied):
        harness.put_events("s", (0, "half"))
    harness.up()
    assert harness.find_messages() == (["kept"] if before else ["kept", "half"])
