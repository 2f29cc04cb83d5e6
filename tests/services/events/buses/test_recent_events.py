"""Remember the recent events of the buses and the rules that matched them."""

from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Caller
from lamplighter.services.events.buses.recent_events import MAX_CALLERS, MAX_CHARACTERS, MAX_EVENTS, RecentEvents
from lamplighter.store.db import Reader
from tests.engine_harness import ACCOUNT, REGION
from tests.services.events.events_harness import EventsHarness

HERE = Caller(ACCOUNT, REGION)
READER: Reader = None  # type: ignore[assignment]  # it reads no rows


def list_numbers(recent_events: RecentEvents, caller: Caller = HERE, **params: Json) -> list[int]:
    return [each["Number"] for each in recent_events.list(READER, caller, params)["Events"]]


def test_the_latest_events_are_listed_first_and_up_to_a_number() -> None:
    recent_events = RecentEvents()
    for at in range(3):
        recent_events.add(HERE, at, "default", "{}", ())
    assert list_numbers(recent_events) == [3, 2, 1]
    assert list_numbers(recent_events, Number=2) == [2, 1]


def test_the_list_is_limited_in_events_in_characters_and_in_callers() -> None:
    recent_events = RecentEvents()
    for at in range(MAX_EVENTS + 5):
        recent_events.add(HERE, at, "default", "{}", ())
    assert len(list_numbers(recent_events)) == MAX_EVENTS
    for at in range(5):
        recent_events.add(HERE, at, "default", "x" * (MAX_CHARACTERS // 2), ())
    assert len(list_numbers(recent_events)) == 2
    for at in range(MAX_CALLERS):
        recent_events.add(Caller(str(at), REGION), at, "default", "{}", ())
    assert list_numbers(recent_events) == []


def test_list_traffic_shows_events_that_rules_matched_and_events_that_none_matched(harness: EventsHarness) -> None:
    harness.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "sale", "Detail": "{}"}])
    assert list_recent_events(harness) == []  # without any rule, events are not remembered
    arn = harness.events("PutRule", Name="r", EventPattern='{"source":["shop"]}')["RuleArn"]
    for source in ("shop", "store"):
        harness.events("PutEvents", Entries=[{"Source": source, "DetailType": "sale", "Detail": "{}"}])
    assert [(loads(each["Event"])["source"], each["Rules"]) for each in list_recent_events(harness)] == [
        ("store", []),
        ("shop", [arn]),
    ]


def list_recent_events(harness: EventsHarness) -> list[Json]:
    found: list[Json] = harness.events("ListRecentEvents")["Events"]
    return found
