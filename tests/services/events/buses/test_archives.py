"""Archives keep what they want, and a replay brings it back once."""

from typing import Any

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.events.buses.replays import MAX_EVENTS_PER_TURN, START_DELAY_MILLISECONDS
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, SECOND, EngineDied
from tests.services.events.events_harness import QUEUE, EventsHarness, to

DEFAULT = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
ARCHIVE = f"arn:aws:events:{REGION}:{ACCOUNT}:archive/all"


def archive(harness: EventsHarness, pattern: Json = None, **params: Json) -> None:
    wanted = {"EventPattern": dumps(pattern)} if pattern else {}
    harness.events("CreateArchive", ArchiveName="all", EventSourceArn=DEFAULT, **wanted, **params)


def replay(harness: EventsHarness, name: str = "again", **params: Json) -> None:
    now = harness.clock.now() / 1000
    usual: dict[str, Any] = {"EventStartTime": now - 3600, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    harness.events("StartReplay", ReplayName=name, EventSourceArn=ARCHIVE, **usual | params)
    harness.advance(START_DELAY_MILLISECONDS)


def state(harness: EventsHarness, name: str = "again") -> str:
    found: str = harness.events("DescribeReplay", ReplayName=name)["State"]
    return found


def count(harness: EventsHarness) -> int:
    number: int = harness.events("DescribeArchive", ArchiveName="all")["EventCount"]
    return number


def test_an_archive_keeps_the_events_that_it_wants(harness: EventsHarness) -> None:
    archive(harness, {"detail": {"n": [1]}})
    for n in (1, 2, 1):
        harness.put({"n": n})
    described = harness.events("DescribeArchive", ArchiveName="all")
    assert described["EventCount"] == 2
    assert described["SizeBytes"] > 300


def test_a_replay_brings_events_to_their_rules_with_its_name(harness: EventsHarness) -> None:
    archive(harness)
    first = harness.put({"n": 1})
    harness.advance(SECOND)
    harness.put({"n": 2})
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    replay(harness)
    assert state(harness) == "COMPLETED"
    assert [(each["detail"]["n"], each["replay-name"]) for each in harness.messages()] == [(1, "again"), (2, "again")]
    assert harness.messages()[0]["id"] == first
    assert count(harness) == 2, "what is replayed is not archived again"
    replay(harness, "once-more")
    assert len(harness.messages()) == 4


def test_a_replay_has_a_beginning_and_an_end(harness: EventsHarness) -> None:
    archive(harness)
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    for n in range(3):
        harness.put({"n": n})
        harness.advance(HOUR)
    start = harness.clock.now() / 1000
    replay(harness, EventStartTime=start - 2 * 3600, EventEndTime=start - 3600)
    replay(harness, "after", EventStartTime=start - 2 * 3600 + 0.001, EventEndTime=start - 3600 - 0.001)
    assert [each["detail"]["n"] for each in harness.messages()] == [1, 2]


def test_a_replay_goes_by_the_times_of_events_and_not_by_when_they_came(harness: EventsHarness) -> None:
    archive(harness, RetentionDays=2)
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = harness.clock.now() // 1000
    for n, ago in enumerate((0, 86_400 * 9, 86_400 * 9 + 5, 86_400 * 8)):
        harness.put({"n": n}, Time=now - ago)
    replay(harness, EventStartTime=now - 86_400 * 10, EventEndTime=now - 86_400 * 8 - 1)
    assert [each["detail"]["n"] for each in harness.messages()] == [2, 1]
    described = harness.events("DescribeReplay", ReplayName="again")
    assert described["EventLastReplayedTime"] == now - 86_400 * 9


def test_a_replay_may_be_for_some_rules_only(harness: EventsHarness) -> None:
    archive(harness)
    harness.put()
    one = harness.rule(None, to(QUEUE, Input='"one"'), name="one")
    harness.rule(None, to(QUEUE, Input='"two"'), name="two")
    replay(harness, Destination={"Arn": DEFAULT, "FilterArns": [one]})
    assert harness.messages() == ["one"]


def test_events_that_are_too_old_are_gone(harness: EventsHarness) -> None:
    archive(harness, RetentionDays=2)
    harness.put({"n": 1})
    harness.advance(DAY)
    harness.put({"n": 2})
    harness.advance(DAY + SECOND)
    assert count(harness) == 1
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    replay(harness, EventStartTime=0)
    assert [each["detail"]["n"] for each in harness.messages()] == [2]
    harness.put({"n": 3})
    assert len(harness.rows("SELECT * FROM archived_events")) == 2


def test_a_replay_that_is_over_cannot_be_cancelled(harness: EventsHarness) -> None:
    archive(harness)
    replay(harness)
    assert harness.refused("CancelReplay", ReplayName="again")[0] == "IllegalStatusException"
    assert harness.refused("CancelReplay", ReplayName="none")[0] == "ResourceNotFoundException"


def test_a_replay_that_is_cancelled_stops(harness: EventsHarness) -> None:
    archive(harness)
    for n in range(3):
        harness.put({"n": n})
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = harness.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    started = harness.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    harness.settle()
    assert (started["State"], state(harness)) == ("STARTING", "STARTING")
    assert harness.events("CancelReplay", ReplayName="again")["State"] == "CANCELLING"
    harness.advance(START_DELAY_MILLISECONDS)
    assert state(harness) == "CANCELLED"
    assert harness.messages() == []


def test_a_replay_that_was_about_to_begin_begins_after_a_crash(harness: EventsHarness) -> None:
    archive(harness)
    harness.put({"n": 1})
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = harness.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    harness.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    harness.restart()
    harness.advance(START_DELAY_MILLISECONDS)
    assert state(harness) == "COMPLETED"
    assert len(harness.messages()) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 8))
def test_an_engine_that_dies_replays_each_event_once(harness: EventsHarness, commit: int, before: bool) -> None:
    archive(harness)
    wanted = 2 * MAX_EVENTS_PER_TURN + 5
    for n in range(0, wanted, 5):
        entries = [{"Source": "s", "DetailType": "t", "Detail": dumps({"n": n + at})} for at in range(5)]
        harness.events("PutEvents", Entries=entries)
    harness.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    harness.die_at(commit, before=before)
    started = True
    try:
        replay(harness)
    except EngineDied:
        started = not (commit == 1 and before)
        harness.up()
    harness.advance(START_DELAY_MILLISECONDS)
    numbers = sorted(each["detail"]["n"] for each in harness.messages())
    assert numbers == (list(range(wanted)) if started else [])


def test_an_archive_that_is_deleted_takes_its_events_along(harness: EventsHarness) -> None:
    archive(harness)
    harness.put()
    harness.events("DeleteArchive", ArchiveName="all")
    harness.settle()
    assert harness.rows("SELECT * FROM archived_events") == []
    harness.put()
    assert harness.rows("SELECT * FROM archived_events") == []


def test_an_archive_that_is_made_again_begins_without_the_events_of_the_deleted_one(harness: EventsHarness) -> None:
    archive(harness)
    harness.put()
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        harness.events("DeleteArchive", ArchiveName="all")
    assert len(harness.rows("SELECT * FROM archived_events")) == 1, "nothing was swept yet"
    harness.up()
    archive(harness)
    assert count(harness) == 0
    harness.put()
    assert (count(harness), len(harness.rows("SELECT * FROM archived_events"))) == (1, 1)
    assert len(harness.rows("SELECT * FROM archived_totals")) == 1


def test_a_replay_of_nothing_is_over_with_its_answer(harness: EventsHarness) -> None:
    archive(harness)
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        replay(harness)
    ((body,),) = harness.rows("SELECT body FROM event_resources WHERE kind = 'replay'")
    assert loads(body)["State"] == "COMPLETED"


def test_a_change_of_an_archive_holds_from_then_on(harness: EventsHarness) -> None:
    archive(harness)
    harness.put({"n": 1})
    harness.events("UpdateArchive", ArchiveName="all", EventPattern=dumps({"detail": {"n": [2]}}))
    harness.put({"n": 1})
    harness.put({"n": 2})
    assert count(harness) == 2


def test_lists_of_archives_and_replays_take_filters_and_pages(harness: EventsHarness) -> None:
    for name in ("a1", "a2", "b1"):
        harness.events("CreateArchive", ArchiveName=name, EventSourceArn=DEFAULT)
    names = [each["ArchiveName"] for each in harness.events("ListArchives", NamePrefix="a")["Archives"]]
    assert names == ["a1", "a2"]
    first = harness.events("ListArchives", Limit=2)
    second = harness.events("ListArchives", Limit=2, NextToken=first["NextToken"])
    assert [each["ArchiveName"] for each in second["Archives"]] == ["b1"]
    assert "NextToken" not in second
    assert harness.events("ListArchives", State="DISABLED")["Archives"] == []
    assert harness.refused("ListArchives", State="ENABLED", NamePrefix="a")[0] == "ValidationException"
    archive(harness)
    replay(harness)
    assert [each["State"] for each in harness.events("ListReplays", State="COMPLETED")["Replays"]] == ["COMPLETED"]
    assert harness.events("ListReplays", State="FAILED")["Replays"] == []


def test_what_cannot_be_replayed_is_refused(harness: EventsHarness) -> None:
    archive(harness)
    now = harness.clock.now() / 1000
    params = {"ReplayName": "x", "EventSourceArn": ARCHIVE, "Destination": {"Arn": DEFAULT}}
    code, message = harness.refused("StartReplay", **params, EventStartTime=now, EventEndTime=now)
    assert (code, "EventStartTime must be before EventEndTime" in message) == ("ValidationException", True)
    code, message = harness.refused("CreateArchive", ArchiveName="y", EventSourceArn=DEFAULT, EventPattern="{")
    assert code == "InvalidEventPatternException"


def test_times_beyond_all_calendars_do_no_harm(harness: EventsHarness) -> None:
    archive(harness, RetentionDays=2**31 - 1)
    harness.put()
    replay(harness, EventStartTime=-1e300, EventEndTime=1e300)
    assert state(harness) == "COMPLETED"
    answer = harness.events("PutEvents", Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "Time": 1e300}])
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"
