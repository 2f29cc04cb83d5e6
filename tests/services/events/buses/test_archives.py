"""Archives keep what they want, and a replay brings it back once."""

from typing import Any

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.events.buses.replays import PAUSE, SLICE
from tests.engines import ACCOUNT, DAY, HOUR, REGION, SECOND, Died
from tests.services.events.hall import QUEUE, Hall, to

DEFAULT = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
ARCHIVE = f"arn:aws:events:{REGION}:{ACCOUNT}:archive/all"


def archive(hall: Hall, pattern: Json = None, **params: Json) -> None:
    wanted = {"EventPattern": dumps(pattern)} if pattern else {}
    hall.events("CreateArchive", ArchiveName="all", EventSourceArn=DEFAULT, **wanted, **params)


def replay(hall: Hall, name: str = "again", **params: Json) -> None:
    now = hall.clock.now() / 1000
    usual: dict[str, Any] = {"EventStartTime": now - 3600, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    hall.events("StartReplay", ReplayName=name, EventSourceArn=ARCHIVE, **usual | params)
    hall.advance(PAUSE)


def state(hall: Hall, name: str = "again") -> str:
    found: str = hall.events("DescribeReplay", ReplayName=name)["State"]
    return found


def count(hall: Hall) -> int:
    number: int = hall.events("DescribeArchive", ArchiveName="all")["EventCount"]
    return number


def test_an_archive_keeps_the_events_that_it_wants(hall: Hall) -> None:
    archive(hall, {"detail": {"n": [1]}})
    for n in (1, 2, 1):
        hall.put({"n": n})
    described = hall.events("DescribeArchive", ArchiveName="all")
    assert described["EventCount"] == 2
    assert described["SizeBytes"] > 300


def test_a_replay_brings_events_to_their_rules_with_its_name(hall: Hall) -> None:
    archive(hall)
    first = hall.put({"n": 1})
    hall.advance(SECOND)
    hall.put({"n": 2})
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    replay(hall)
    assert state(hall) == "COMPLETED"
    assert [(each["detail"]["n"], each["replay-name"]) for each in hall.messages()] == [(1, "again"), (2, "again")]
    assert hall.messages()[0]["id"] == first
    assert count(hall) == 2, "what is replayed is not archived again"
    replay(hall, "once-more")
    assert len(hall.messages()) == 4


def test_a_replay_has_a_beginning_and_an_end(hall: Hall) -> None:
    archive(hall)
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    for n in range(3):
        hall.put({"n": n})
        hall.advance(HOUR)
    start = hall.clock.now() / 1000
    replay(hall, EventStartTime=start - 2 * 3600, EventEndTime=start - 3600)
    replay(hall, "after", EventStartTime=start - 2 * 3600 + 0.001, EventEndTime=start - 3600 - 0.001)
    assert [each["detail"]["n"] for each in hall.messages()] == [1, 2]


def test_a_replay_goes_by_the_times_of_events_and_not_by_when_they_came(hall: Hall) -> None:
    archive(hall, RetentionDays=2)
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = hall.clock.now() // 1000
    for n, ago in enumerate((0, 86_400 * 9, 86_400 * 9 + 5, 86_400 * 8)):
        hall.put({"n": n}, Time=now - ago)
    replay(hall, EventStartTime=now - 86_400 * 10, EventEndTime=now - 86_400 * 8 - 1)
    assert [each["detail"]["n"] for each in hall.messages()] == [2, 1]
    described = hall.events("DescribeReplay", ReplayName="again")
    assert described["EventLastReplayedTime"] == now - 86_400 * 9


def test_a_replay_may_be_for_some_rules_only(hall: Hall) -> None:
    archive(hall)
    hall.put()
    one = hall.rule(None, to(QUEUE, Input='"one"'), name="one")
    hall.rule(None, to(QUEUE, Input='"two"'), name="two")
    replay(hall, Destination={"Arn": DEFAULT, "FilterArns": [one]})
    assert hall.messages() == ["one"]


def test_events_that_are_too_old_are_gone(hall: Hall) -> None:
    archive(hall, RetentionDays=2)
    hall.put({"n": 1})
    hall.advance(DAY)
    hall.put({"n": 2})
    hall.advance(DAY + SECOND)
    assert count(hall) == 1
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    replay(hall, EventStartTime=0)
    assert [each["detail"]["n"] for each in hall.messages()] == [2]
    hall.put({"n": 3})
    assert len(hall.rows("SELECT * FROM archived_events")) == 2


def test_a_replay_that_is_over_cannot_be_cancelled(hall: Hall) -> None:
    archive(hall)
    replay(hall)
    assert hall.refused("CancelReplay", ReplayName="again")[0] == "IllegalStatusException"
    assert hall.refused("CancelReplay", ReplayName="none")[0] == "ResourceNotFoundException"


def test_a_replay_that_is_cancelled_stops(hall: Hall) -> None:
    archive(hall)
    for n in range(3):
        hall.put({"n": n})
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = hall.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    started = hall.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    hall.settle()
    assert (started["State"], state(hall)) == ("STARTING", "STARTING")
    assert hall.events("CancelReplay", ReplayName="again")["State"] == "CANCELLING"
    hall.advance(PAUSE)
    assert state(hall) == "CANCELLED"
    assert hall.messages() == []


def test_a_replay_that_was_about_to_begin_begins_after_a_crash(hall: Hall) -> None:
    archive(hall)
    hall.put({"n": 1})
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    now = hall.clock.now() / 1000
    window = {"EventStartTime": now - 10, "EventEndTime": now, "Destination": {"Arn": DEFAULT}}
    hall.events("StartReplay", ReplayName="again", EventSourceArn=ARCHIVE, **window)
    hall.restart()
    hall.advance(PAUSE)
    assert state(hall) == "COMPLETED"
    assert len(hall.messages()) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 8))
def test_an_engine_that_dies_replays_each_event_once(hall: Hall, commit: int, before: bool) -> None:
    archive(hall)
    wanted = 2 * SLICE + 5
    for n in range(0, wanted, 5):
        entries = [{"Source": "s", "DetailType": "t", "Detail": dumps({"n": n + at})} for at in range(5)]
        hall.events("PutEvents", Entries=entries)
    hall.rule({"replay-name": [{"exists": True}]}, to(QUEUE))
    hall.die_at(commit, before=before)
    started = True
    try:
        replay(hall)
    except Died:
        started = not (commit == 1 and before)
        hall.up()
    hall.advance(PAUSE)
    numbers = sorted(each["detail"]["n"] for each in hall.messages())
    assert numbers == (list(range(wanted)) if started else [])


def test_an_archive_that_is_deleted_takes_its_events_along(hall: Hall) -> None:
    archive(hall)
    hall.put()
    hall.events("DeleteArchive", ArchiveName="all")
    hall.settle()
    assert hall.rows("SELECT * FROM archived_events") == []
    hall.put()
    assert hall.rows("SELECT * FROM archived_events") == []


def test_an_archive_that_is_made_again_begins_without_the_events_of_the_deleted_one(hall: Hall) -> None:
    archive(hall)
    hall.put()
    hall.die_at(1, before=False)
    with pytest.raises(Died):
        hall.events("DeleteArchive", ArchiveName="all")
    assert len(hall.rows("SELECT * FROM archived_events")) == 1, "nothing was swept yet"
    hall.up()
    archive(hall)
    assert count(hall) == 0
    hall.put()
    assert (count(hall), len(hall.rows("SELECT * FROM archived_events"))) == (1, 1)
    assert len(hall.rows("SELECT * FROM archived_totals")) == 1


def test_a_replay_of_nothing_is_over_with_its_answer(hall: Hall) -> None:
    archive(hall)
    hall.die_at(1, before=False)
    with pytest.raises(Died):
        replay(hall)
    ((body,),) = hall.rows("SELECT body FROM event_resources WHERE kind = 'replay'")
    assert loads(body)["State"] == "COMPLETED"


def test_a_change_of_an_archive_holds_from_then_on(hall: Hall) -> None:
    archive(hall)
    hall.put({"n": 1})
    hall.events("UpdateArchive", ArchiveName="all", EventPattern=dumps({"detail": {"n": [2]}}))
    hall.put({"n": 1})
    hall.put({"n": 2})
    assert count(hall) == 2


def test_lists_of_archives_and_replays_take_filters_and_pages(hall: Hall) -> None:
    for name in ("a1", "a2", "b1"):
        hall.events("CreateArchive", ArchiveName=name, EventSourceArn=DEFAULT)
    names = [each["ArchiveName"] for each in hall.events("ListArchives", NamePrefix="a")["Archives"]]
    assert names == ["a1", "a2"]
    first = hall.events("ListArchives", Limit=2)
    second = hall.events("ListArchives", Limit=2, NextToken=first["NextToken"])
    assert [each["ArchiveName"] for each in second["Archives"]] == ["b1"]
    assert "NextToken" not in second
    assert hall.events("ListArchives", State="DISABLED")["Archives"] == []
    assert hall.refused("ListArchives", State="ENABLED", NamePrefix="a")[0] == "ValidationException"
    archive(hall)
    replay(hall)
    assert [each["State"] for each in hall.events("ListReplays", State="COMPLETED")["Replays"]] == ["COMPLETED"]
    assert hall.events("ListReplays", State="FAILED")["Replays"] == []


def test_what_cannot_be_replayed_is_refused(hall: Hall) -> None:
    archive(hall)
    now = hall.clock.now() / 1000
    params = {"ReplayName": "x", "EventSourceArn": ARCHIVE, "Destination": {"Arn": DEFAULT}}
    code, message = hall.refused("StartReplay", **params, EventStartTime=now, EventEndTime=now)
    assert (code, "EventStartTime must be before EventEndTime" in message) == ("ValidationException", True)
    code, message = hall.refused("CreateArchive", ArchiveName="y", EventSourceArn=DEFAULT, EventPattern="{")
    assert code == "InvalidEventPatternException"


def test_times_beyond_all_calendars_do_no_harm(hall: Hall) -> None:
    archive(hall, RetentionDays=2**31 - 1)
    hall.put()
    replay(hall, EventStartTime=-1e300, EventEndTime=1e300)
    assert state(hall) == "COMPLETED"
    answer = hall.events("PutEvents", Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "Time": 1e300}])
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"
