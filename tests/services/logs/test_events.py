"""Log events: what is put is read again, once, in order, from either end, whoever dies in between.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import DAY, HOUR, SECOND, EngineDied
from tests.services.logs.logs_harness import ARN, GROUP, LogsHarness, messages


def test_events_are_read_in_the_order_of_their_times_across_streams_and_batches(harness: LogsHarness) -> None:
    harness.open("a", "b")
    harness.put("a", (300 * SECOND, "1"), (200 * SECOND, "3"), (SECOND, "6"))
    harness.put("b", (250 * SECOND, "2"), (200 * SECOND, "4"))
    harness.put("a", (200 * SECOND, "5"))
    harness.restart()
    assert harness.found() == ["1", "2", "3", "4", "5", "6"]
    assert harness.found(limit=1) == ["1", "2", "3", "4", "5", "6"]
    late: Json = {"startFromHead": False, "startTime": harness.now - DAY}
    assert harness.found(limit=4, **late) == ["6", "5", "4", "3", "2", "1"]


def test_an_event_tells_its_stream_its_times_and_an_id_of_its_own(harness: LogsHarness) -> None:
    harness.open("a")
    harness.put("a", (SECOND, "x"), (SECOND, "x"))
    events = harness.logs("FilterLogEvents", logGroupIdentifier=ARN)["events"]
    ids = [event.pop("eventId") for event in events]
    assert (
        events
        == [{"logStreamName": "a", "timestamp": harness.now - SECOND, "message": "x", "ingestionTime": harness.now}] * 2
    )
    assert len(set(ids)) == 2
    assert all(len(each) == 56 and each.isdigit() for each in ids)


def test_a_range_of_time_and_streams_is_read(harness: LogsHarness) -> None:
    harness.open("app/1", "app/2", "db")
    for stream in ("app/1", "app/2", "db"):
        harness.put(stream, *((ago * SECOND, f"{stream} {ago}") for ago in (3, 2, 1)))
    second: Json = {"startTime": harness.now - 2 * SECOND, "endTime": harness.now - 2 * SECOND}
    assert harness.found(**second) == ["app/1 2", "app/2 2", "db 2"]
    assert harness.found(logStreamNamePrefix="app/", **second) == ["app/1 2", "app/2 2"]
    assert harness.found(logStreamNames=["db", "app/2"], limit=2)[:3] == ["app/2 3", "db 3", "app/2 2"]
    assert harness.found(logStreamNamePrefix="none") == []
    code, _ = harness.refused("FilterLogEvents", logGroupName=GROUP, logStreamNames=["db"], logStreamNamePrefix="a")
    assert code == "InvalidParameterException"


def test_streams_beyond_a_hundred_are_found_by_their_prefix_too(harness: LogsHarness) -> None:
    harness.open(*(f"x/{number}" for number in range(101)), "y")
    harness.put("y", (0, "no"))
    harness.put("x/100", (0, "yes"))
    assert harness.found(logStreamNamePrefix="x/") == ["yes"]


def test_a_page_that_found_nothing_may_lead_to_one_that_does(harness: LogsHarness) -> None:
    harness.open("s")
    harness.put("s", *((9 * SECOND, f"dull {number}") for number in range(9_000)))
    harness.put("s", (0, "ERROR at last"))
    pages = list(harness.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert [messages(page["events"]) for page in pages] == [[], ["ERROR at last"]]


def test_a_page_looks_through_so_much_text_and_no_more(harness: LogsHarness) -> None:
    harness.open("s")
    for number in range(9):
        harness.put("s", (9 - number, "x" * 1_000_000))
    pages = list(harness.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert len(pages) == 2


def test_the_newest_first_need_a_beginning(harness: LogsHarness) -> None:
    harness.open("s")
    code, _ = harness.refused("FilterLogEvents", logGroupName=GROUP, startFromHead=False)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["ERROR:", "{ $.a", "{ $.a == 1 }", "%(a)%", "[a=1 && b=2]"])
def test_a_pattern_that_is_none_is_refused(harness: LogsHarness, pattern: str) -> None:
    harness.open()
    code, _ = harness.refused("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern)
    assert code == "InvalidParameterException"


def test_without_more_words_the_latest_events_are_got(harness: LogsHarness) -> None:
    harness.open("s")
    harness.put("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = harness.get("s", limit=3)
    assert messages(page["events"]) == ["7", "8", "9"]
    page = harness.get("s", limit=3, nextToken=page["nextBackwardToken"])
    assert messages(page["events"]) == ["4", "5", "6"]
    page = harness.get("s", limit=3, nextToken=page["nextForwardToken"])
    assert messages(page["events"]) == ["7", "8", "9"]


@pytest.mark.parametrize(("head", "way"), [(True, "nextForwardToken"), (False, "nextBackwardToken")])
def test_at_the_end_the_same_token_comes_back(harness: LogsHarness, head: bool, way: str) -> None:
    harness.open("s")
    harness.put("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = harness.get("s", limit=4, startFromHead=head)
    seen = [messages(page["events"])]
    while (following := harness.get("s", limit=4, nextToken=page[way]))[way] != page[way]:
        page = following
        seen.append(messages(page["events"]))
    assert following["events"] == []
    assert sorted(each for page in seen for each in page) == [str(number) for number in range(10)]
    assert len(seen) == 3


def test_who_waits_at_the_end_of_a_stream_sees_what_comes(harness: LogsHarness) -> None:
    harness.open("s")
    token = harness.get("s", startFromHead=True)["nextForwardToken"]
    assert harness.get("s", nextToken=token)["nextForwardToken"] == token
    for number in range(3):
        harness.advance(SECOND)
        harness.put("s", (0, str(number)))
        page = harness.get("s", nextToken=token)
        token = page["nextForwardToken"]
        assert messages(page["events"]) == [str(number)]


def test_the_end_of_a_range_is_not_got(harness: LogsHarness) -> None:
    harness.open("s")
    harness.put("s", *((ago * SECOND, str(ago)) for ago in (3, 2, 1)))
    times: Json = {"startTime": harness.now - 3 * SECOND, "endTime": harness.now - SECOND}
    assert messages(harness.get("s", **times)["events"]) == ["3", "2"]
    assert messages(harness.get("s", startFromHead=True, **times)["events"]) == ["3", "2"]


@pytest.mark.parametrize("token", ["", "f/1/s", "x/" + "3" * 56 + "/s", "f/" + "9" * 56 + "/s"])
def test_a_place_that_nobody_gave_is_refused(harness: LogsHarness, token: str) -> None:
    harness.open("s")
    if token:
        assert harness.refused("GetLogEvents", logGroupName=GROUP, logStreamName="s", nextToken=token)[0] == (
            "InvalidParameterException"
        )
    assert harness.refused("FilterLogEvents", logGroupName=GROUP, nextToken=token or "x")[0] == (
        "InvalidParameterException"
    )


def test_events_too_old_expired_and_too_new_are_left_out_and_the_rest_is_kept(harness: LogsHarness) -> None:
    harness.open("s")
    answer = harness.put("s", (15 * DAY, "old"), (HOUR, "fits"), (-3 * HOUR, "new"), (-3 * HOUR, "newer"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    harness.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = harness.put("s", (15 * DAY, "old"), (2 * DAY, "expired"), (0, "fits too"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}
    assert "rejectedLogEventsInfo" not in harness.put("s", (0, "alone"))
    assert harness.found() == ["fits", "fits too", "alone"]


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
def test_a_batch_that_breaks_a_rule_is_refused_whole(
    harness: LogsHarness, events: list[tuple[int, str]], message: str
) -> None:
    harness.open("s")
    listed = [{"timestamp": harness.now - ago, "message": text} for ago, text in events]
    answer = harness.refused("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=listed)
    assert answer == ("InvalidParameterException", message)
    assert harness.found() == []


def test_the_largest_event_is_kept_whole(harness: LogsHarness) -> None:
    harness.open("s")
    harness.put("s", (0, "ü" * 524_275))
    assert harness.found() == ["ü" * 524_275]
    assert harness.logs("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 1_048_576


def test_a_sequence_token_does_not_matter(harness: LogsHarness) -> None:
    harness.open("s")
    event = {"timestamp": harness.now, "message": "x"}
    for token in ({}, {"sequenceToken": "1"}, {"sequenceToken": "1"}):
        answer = harness.logs("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=[event], **token)
        assert answer["nextSequenceToken"]
    assert len(harness.found()) == 3


@pytest.mark.parametrize("before", [True, False])
def test_events_are_on_disk_when_the_answer_comes_or_not_at_all(harness: LogsHarness, before: bool) -> None:
    harness.open("s")
    harness.put("s", (0, "kept"))
    harness.die_at(1, before=before)
    with pytest.raises(EngineDied):
        harness.put("s", (0, "half"))
    harness.up()
    assert harness.found() == (["kept"] if before else ["kept", "half"])
