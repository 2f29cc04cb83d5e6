"""Archives keep the events that match their pattern, and a replay sends each of them once."""

from typing import Any

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.events.buses.replays import MAX_EVENTS_PER_TURN, START_DELAY_MILLISECONDS
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, SECOND, EngineDied
from tests.services.events.events_harness import QUEUE, EventsHarness, make_target

DEFAULT = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
ARCHIVE = f"arn:aws:events:{REGION}:{ACCOUNT}:archive/all"


def create_archive(harness: EventsHarness, pattern: Json = None, **params: Json) -> None:
    event_pattern = {"EventPattern": dumps(pattern)} if pattern else {}
    harness.events("CreateArchive", ArchiveName="all", EventSourceArn=DEFAULT, **event_pattern, **params)


def start_replay(harness: EventsHarness, name: str = "again", **params: Json) -> None:
    now = harness.clock.now() / 1000
    defaults: dict[str, Any] = {"EventStartTime": now - 3600, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    harness.events("StartReplay", ReplayName=name, EventSourceArn=ARCHIVE, **defaults | params)
    harness.advance(START_DELAY_MILLISECONDS)


def replay_state(harness: EventsHarness, name: str = "again") -> str:
    found: str = harness.events("DescribeReplay", ReplayName=name)["State"]
    return found


def count_archived_events(harness: EventsHarness) -> int:
    number: int = harness.events("DescribeArchive", ArchiveName="all")["EventCount"]
    return number


def test_an_archive_keeps_the_events_that_match_its_pattern(harness: EventsHarness) -> None:
    create_archive(harness, {"detail": {"n": [1]}})
    for n in (1, 2, 1):
        harness.put_event({"n": n})
    described = harness.events("DescribeArchive", ArchiveName="all")
    assert described["EventCount"] == 2
    assert described["SizeBytes"] > 300


def test_a_replay_sends_events_to_the_rules_with_its_name(harness: EventsHarness) -> None:
    create_archive(harness)
    first = harness.put_event({"n": 1})
    harness.advance(SECOND)
    harness.put_event({"n": 2})
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    start_replay(harness)
    assert replay_state(harness) == "COMPLETED"
    assert [(each["detail"]["n"], each["replay-name"]) for each in harness.messages()] == [(1, "again"), (2, "again")]
    assert harness.messages()[0]["id"] == first
    assert count_archived_events(harness) == 2, "what is replayed is not archived again"
    start_replay(harness, "once-more")
    assert len(harness.messages()) == 4


def test_a_replay_sends_the_events_between_its_start_and_end_times(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    for n in range(3):
        harness.put_event({"n": n})
        harness.advance(HOUR)
    start = harness.clock.now() / 1000
    start_replay(harness, EventStartTime=start - 2 * 3600, EventEndTime=start - 3600)
    start_replay(harness, "after", EventStartTime=start - 2 * 3600 + 0.001, EventEndTime=start - 3600 - 0.001)
    assert [each["detail"]["n"] for each in harness.messages()] == [1, 2]


def test_a_replay_selects_events_by_their_own_times_and_not_by_their_arrival(harness: EventsHarness) -> None:
    create_archive(harness, RetentionDays=2)
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    now = harness.clock.now() // 1000
    for n, ago in enumerate((0, 86_400 * 9, 86_400 * 9 + 5, 86_400 * 8)):
        harness.put_event({"n": n}, Time=now - ago)
    start_replay(harness, EventStartTime=now - 86_400 * 10, EventEndTime=now - 86_400 * 8 - 1)
    assert [each["detail"]["n"] for each in harness.messages()] == [2, 1]
    described = harness.events("DescribeReplay", ReplayName="again")
    assert described["EventLastReplayedTime"] == now - 86_400 * 9


def test_a_replay_may_be_limited_to_some_rules(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_event()
    one = harness.put_rule(None, make_target(QUEUE, Input='"one"'), name="one")
    harness.put_rule(None, make_target(QUEUE, Input='"two"'), name="two")
    start_replay(harness, Destination={"Arn": DEFAULT, "FilterArns": [one]})
    assert harness.messages() == ["one"]


def test_events_older_than_the_retention_are_deleted(harness: EventsHarness) -> None:
    create_archive(harness, RetentionDays=2)
    harness.put_event({"n": 1})
    harness.advance(DAY)
    harness.put_event({"n": 2})
    harness.advance(DAY + SECOND)
    assert count_archived_events(harness) == 1
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    start_replay(harness, EventStartTime=0)
    assert [each["detail"]["n"] for each in harness.messages()] == [2]
    harness.put_event({"n": 3})
    assert len(harness.rows("SELECT * FROM archived_events")) == 2


def test_a_completed_replay_cannot_be_cancelled(harness: EventsHarness) -> None:
    create_archive(harness)
    start_replay(harness)
    assert harness.expect_error("CancelReplay", ReplayName="again")[0] == "IllegalStatusException"
    assert harness.expect_error("CancelReplay", ReplayName="none")[0] == "ResourceNotFoundException"


def test_a_replay_that_is_cancelled_before_its_start_sends_nothing(harness: EventsHarness) -> None:
    create_archive(harness)
    for n in range(3):
        harness.put_event({"n": n})
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    now = harness.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    started = harness.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    harness.settle()
    assert (started["State"], replay_state(harness)) == ("STARTING", "STARTING")
    assert harness.events("CancelReplay", ReplayName="again")["State"] == "CANCELLING"
    harness.advance(START_DELAY_MILLISECONDS)
    assert replay_state(harness) == "CANCELLED"
    assert harness.messages() == []


def test_a_replay_that_has_not_started_yet_starts_after_a_crash(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_event({"n": 1})
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    now = harness.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    harness.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    harness.restart()
    harness.advance(START_DELAY_MILLISECONDS)
    assert replay_state(harness) == "COMPLETED"
    assert len(harness.messages()) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 8))
def test_each_event_is_replayed_once_if_the_engine_is_killed_at_any_commit(
    harness: EventsHarness, commit: int, before: bool
) -> None:
    create_archive(harness)
    number_of_events = 2 * MAX_EVENTS_PER_TURN + 5
    for n in range(0, number_of_events, 5):
        entries = [{"Source": "s", "DetailType": "t", "Detail": dumps({"n": n + at})} for at in range(5)]
        harness.events("PutEvents", Entries=entries)
    harness.put_rule({"replay-name": [{"exists": True}]}, make_target(QUEUE))
    harness.die_at(commit, before=before)
    started = True
    try:
        start_replay(harness)
    except EngineDied:
        started = not (commit == 1 and before)
        harness.up()
    harness.advance(START_DELAY_MILLISECONDS)
    numbers = sorted(each["detail"]["n"] for each in harness.messages())
    assert numbers == (list(range(number_of_events)) if started else [])


def test_deleting_an_archive_deletes_its_events(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_event()
    harness.events("DeleteArchive", ArchiveName="all")
    harness.settle()
    assert harness.rows("SELECT * FROM archived_events") == []
    harness.put_event()
    assert harness.rows("SELECT * FROM archived_events") == []


def test_a_recreated_archive_has_no_events_of_the_deleted_one(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_event()
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        harness.events("DeleteArchive", ArchiveName="all")
    assert len(harness.rows("SELECT * FROM archived_events")) == 1, "nothing was swept yet"
    harness.up()
    create_archive(harness)
    assert count_archived_events(harness) == 0
    harness.put_event()
    assert (count_archived_events(harness), len(harness.rows("SELECT * FROM archived_events"))) == (1, 1)
    assert len(harness.rows("SELECT * FROM archived_totals")) == 1


def test_a_replay_without_events_is_completed_by_its_request(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        start_replay(harness)
    ((body,),) = harness.rows("SELECT body FROM event_resources WHERE kind = 'replay'")
    assert loads(body)["State"] == "COMPLETED"


def test_a_change_of_an_archive_applies_to_later_events(harness: EventsHarness) -> None:
    create_archive(harness)
    harness.put_event({"n": 1})
    harness.events("UpdateArchive", ArchiveName="all", EventPattern=dumps({"detail": {"n": [2]}}))
    harness.put_event({"n": 1})
    harness.put_event({"n": 2})
    assert count_archived_events(harness) == 2


def test_archives_and_replays_are_listed_with_filters_and_in_pages(harness: EventsHarness) -> None:
    for name in ("a1", "a2", "b1"):
        harness.events("CreateArchive", ArchiveName=name, EventSourceArn=DEFAULT)
    names = [each["ArchiveName"] for each in harness.events("ListArchives", NamePrefix="a")["Archives"]]
    assert names == ["a1", "a2"]
    first = harness.events("ListArchives", Limit=2)
    second = harness.events("ListArchives", Limit=2, NextToken=first["NextToken"])
    assert [each["ArchiveName"] for each in second["Archives"]] == ["b1"]
    assert "NextToken" not in second
    assert harness.events("ListArchives", State="DISABLED")["Archives"] == []
    assert harness.expect_error("ListArchives", State="ENABLED", NamePrefix="a")[0] == "ValidationException"
    create_archive(harness)
    start_replay(harness)
    assert [each["State"] for each in harness.events("ListReplays", State="COMPLETED")["Replays"]] == ["COMPLETED"]
    assert harness.events("ListReplays", State="FAILED")["Replays"] == []
    # "Filter parameters are exclusive": https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListReplays.html
    assert harness.expect_error("ListReplays", State="FAILED", NamePrefix="r") == (
        "ValidationException",
        "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.",
    )


def test_an_invalid_replay_or_archive_is_refused(harness: EventsHarness) -> None:
    create_archive(harness)
    now = harness.clock.now() / 1000
    params = {"ReplayName": "x", "EventSourceArn": ARCHIVE, "Destination": {"Arn": DEFAULT}}
    code, message = harness.expect_error("StartReplay", **params, EventStartTime=now, EventEndTime=now)
    assert (code, "EventStartTime must be before EventEndTime" in message) == ("ValidationException", True)
    code, message = harness.expect_error("CreateArchive", ArchiveName="y", EventSourceArn=DEFAULT, EventPattern="{")
    assert code == "InvalidEventPatternException"


def test_times_outside_of_the_calendar_do_no_harm(harness: EventsHarness) -> None:
    create_archive(harness, RetentionDays=2**31 - 1)
    harness.put_event()
    start_replay(harness, EventStartTime=-1e300, EventEndTime=1e300)
    assert replay_state(harness) == "COMPLETED"
    answer = harness.events("PutEvents", Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "Time": 1e300}])
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"
