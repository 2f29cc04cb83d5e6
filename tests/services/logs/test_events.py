"""Log events: what is put is read again, once, in order, from either end, whoever dies in between.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

import pytest

from lamplighter.base.json_text import Json
from tests.engines import DAY, HOUR, SECOND, Died
from tests.services.logs.clerk import ARN, GROUP, Clerk, messages


def test_events_are_read_in_the_order_of_their_times_across_streams_and_batches(clerk: Clerk) -> None:
    clerk.open("a", "b")
    clerk.put("a", (300 * SECOND, "1"), (200 * SECOND, "3"), (SECOND, "6"))
    clerk.put("b", (250 * SECOND, "2"), (200 * SECOND, "4"))
    clerk.put("a", (200 * SECOND, "5"))
    clerk.site.restart()
    assert clerk.found() == ["1", "2", "3", "4", "5", "6"]
    assert clerk.found(limit=1) == ["1", "2", "3", "4", "5", "6"]
    late: Json = {"startFromHead": False, "startTime": clerk.now - DAY}
    assert clerk.found(limit=4, **late) == ["6", "5", "4", "3", "2", "1"]


def test_an_event_tells_its_stream_its_times_and_an_id_of_its_own(clerk: Clerk) -> None:
    clerk.open("a")
    clerk.put("a", (SECOND, "x"), (SECOND, "x"))
    events = clerk.call("FilterLogEvents", logGroupIdentifier=ARN)["events"]
    ids = [event.pop("eventId") for event in events]
    assert (
        events
        == [{"logStreamName": "a", "timestamp": clerk.now - SECOND, "message": "x", "ingestionTime": clerk.now}] * 2
    )
    assert len(set(ids)) == 2
    assert all(len(each) == 56 and each.isdigit() for each in ids)


def test_a_range_of_time_and_streams_is_read(clerk: Clerk) -> None:
    clerk.open("app/1", "app/2", "db")
    for stream in ("app/1", "app/2", "db"):
        clerk.put(stream, *((ago * SECOND, f"{stream} {ago}") for ago in (3, 2, 1)))
    second: Json = {"startTime": clerk.now - 2 * SECOND, "endTime": clerk.now - 2 * SECOND}
    assert clerk.found(**second) == ["app/1 2", "app/2 2", "db 2"]
    assert clerk.found(logStreamNamePrefix="app/", **second) == ["app/1 2", "app/2 2"]
    assert clerk.found(logStreamNames=["db", "app/2"], limit=2)[:3] == ["app/2 3", "db 3", "app/2 2"]
    assert clerk.found(logStreamNamePrefix="none") == []
    code, _ = clerk.refused("FilterLogEvents", logGroupName=GROUP, logStreamNames=["db"], logStreamNamePrefix="a")
    assert code == "InvalidParameterException"


def test_streams_beyond_a_hundred_are_found_by_their_prefix_too(clerk: Clerk) -> None:
    clerk.open(*(f"x/{number}" for number in range(101)), "y")
    clerk.put("y", (0, "no"))
    clerk.put("x/100", (0, "yes"))
    assert clerk.found(logStreamNamePrefix="x/") == ["yes"]


def test_a_page_that_found_nothing_may_lead_to_one_that_does(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.put("s", *((9 * SECOND, f"dull {number}") for number in range(9_000)))
    clerk.put("s", (0, "ERROR at last"))
    pages = list(clerk.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert [messages(page["events"]) for page in pages] == [[], ["ERROR at last"]]


def test_a_page_looks_through_so_much_text_and_no_more(clerk: Clerk) -> None:
    clerk.open("s")
    for number in range(9):
        clerk.put("s", (9 - number, "x" * 1_000_000))
    pages = list(clerk.pages("FilterLogEvents", logGroupName=GROUP, filterPattern="ERROR"))
    assert len(pages) == 2


def test_the_newest_first_need_a_beginning(clerk: Clerk) -> None:
    clerk.open("s")
    code, _ = clerk.refused("FilterLogEvents", logGroupName=GROUP, startFromHead=False)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["ERROR:", "{ $.a", "{ $.a == 1 }", "%(a)%", "[a=1 && b=2]"])
def test_a_pattern_that_is_none_is_refused(clerk: Clerk, pattern: str) -> None:
    clerk.open()
    code, _ = clerk.refused("FilterLogEvents", logGroupName=GROUP, filterPattern=pattern)
    assert code == "InvalidParameterException"


def test_without_more_words_the_latest_events_are_got(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.put("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = clerk.get("s", limit=3)
    assert messages(page["events"]) == ["7", "8", "9"]
    page = clerk.get("s", limit=3, nextToken=page["nextBackwardToken"])
    assert messages(page["events"]) == ["4", "5", "6"]
    page = clerk.get("s", limit=3, nextToken=page["nextForwardToken"])
    assert messages(page["events"]) == ["7", "8", "9"]


@pytest.mark.parametrize(("head", "way"), [(True, "nextForwardToken"), (False, "nextBackwardToken")])
def test_at_the_end_the_same_token_comes_back(clerk: Clerk, head: bool, way: str) -> None:
    clerk.open("s")
    clerk.put("s", *((10 * SECOND, str(number)) for number in range(10)))
    page = clerk.get("s", limit=4, startFromHead=head)
    seen = [messages(page["events"])]
    while (following := clerk.get("s", limit=4, nextToken=page[way]))[way] != page[way]:
        page = following
        seen.append(messages(page["events"]))
    assert following["events"] == []
    assert sorted(each for page in seen for each in page) == [str(number) for number in range(10)]
    assert len(seen) == 3


def test_who_waits_at_the_end_of_a_stream_sees_what_comes(clerk: Clerk) -> None:
    clerk.open("s")
    token = clerk.get("s", startFromHead=True)["nextForwardToken"]
    assert clerk.get("s", nextToken=token)["nextForwardToken"] == token
    for number in range(3):
        clerk.site.advance(SECOND)
        clerk.put("s", (0, str(number)))
        page = clerk.get("s", nextToken=token)
        token = page["nextForwardToken"]
        assert messages(page["events"]) == [str(number)]


def test_the_end_of_a_range_is_not_got(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.put("s", *((ago * SECOND, str(ago)) for ago in (3, 2, 1)))
    times: Json = {"startTime": clerk.now - 3 * SECOND, "endTime": clerk.now - SECOND}
    assert messages(clerk.get("s", **times)["events"]) == ["3", "2"]
    assert messages(clerk.get("s", startFromHead=True, **times)["events"]) == ["3", "2"]


@pytest.mark.parametrize("token", ["", "f/1/s", "x/" + "3" * 56 + "/s", "f/" + "9" * 56 + "/s"])
def test_a_place_that_nobody_gave_is_refused(clerk: Clerk, token: str) -> None:
    clerk.open("s")
    if token:
        assert clerk.refused("GetLogEvents", logGroupName=GROUP, logStreamName="s", nextToken=token)[0] == (
            "InvalidParameterException"
        )
    assert clerk.refused("FilterLogEvents", logGroupName=GROUP, nextToken=token or "x")[0] == (
        "InvalidParameterException"
    )


def test_events_too_old_expired_and_too_new_are_left_out_and_the_rest_is_kept(clerk: Clerk) -> None:
    clerk.open("s")
    answer = clerk.put("s", (15 * DAY, "old"), (HOUR, "fits"), (-3 * HOUR, "new"), (-3 * HOUR, "newer"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    clerk.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = clerk.put("s", (15 * DAY, "old"), (2 * DAY, "expired"), (0, "fits too"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}
    assert "rejectedLogEventsInfo" not in clerk.put("s", (0, "alone"))
    assert clerk.found() == ["fits", "fits too", "alone"]


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
def test_a_batch_that_breaks_a_rule_is_refused_whole(clerk: Clerk, events: list[tuple[int, str]], message: str) -> None:
    clerk.open("s")
    listed = [{"timestamp": clerk.now - ago, "message": text} for ago, text in events]
    answer = clerk.refused("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=listed)
    assert answer == ("InvalidParameterException", message)
    assert clerk.found() == []


def test_the_largest_event_is_kept_whole(clerk: Clerk) -> None:
    clerk.open("s")
    clerk.put("s", (0, "ü" * 524_275))
    assert clerk.found() == ["ü" * 524_275]
    assert clerk.call("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 1_048_576


def test_a_sequence_token_does_not_matter(clerk: Clerk) -> None:
    clerk.open("s")
    event = {"timestamp": clerk.now, "message": "x"}
    for token in ({}, {"sequenceToken": "1"}, {"sequenceToken": "1"}):
        answer = clerk.call("PutLogEvents", logGroupName=GROUP, logStreamName="s", logEvents=[event], **token)
        assert answer["nextSequenceToken"]
    assert len(clerk.found()) == 3


@pytest.mark.parametrize("before", [True, False])
def test_events_are_on_disk_when_the_answer_comes_or_not_at_all(clerk: Clerk, before: bool) -> None:
    clerk.open("s")
    clerk.put("s", (0, "kept"))
    clerk.site.die_at(1, before=before)
    with pytest.raises(Died):
        clerk.put("s", (0, "half"))
    clerk.site.up()
    assert clerk.found() == (["kept"] if before else ["kept", "half"])
