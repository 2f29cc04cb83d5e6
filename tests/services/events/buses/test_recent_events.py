"""What came to the buses lately is remembered, and who took it."""

from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Caller
from lamplighter.services.events.buses.recent_events import CHARACTERS, EVENTS, PLACES, RecentEvents
from lamplighter.store.db import Reader
from tests.engines import ACCOUNT, REGION
from tests.services.events.hall import Hall

HERE = Caller(ACCOUNT, REGION)
READER: Reader = None  # type: ignore[assignment]  # it reads no rows


def numbers(traffic: RecentEvents, caller: Caller = HERE, **params: Json) -> list[int]:
    return [each["Number"] for each in traffic.list(READER, caller, params)["Events"]]


def test_the_latest_come_first_and_a_number_is_asked_for() -> None:
    traffic = RecentEvents()
    for at in range(3):
        traffic.add(HERE, at, "default", "{}", ())
    assert numbers(traffic) == [3, 2, 1]
    assert numbers(traffic, Number=2) == [2, 1]


def test_it_is_bounded_in_events_in_characters_and_in_places() -> None:
    traffic = RecentEvents()
    for at in range(EVENTS + 5):
        traffic.add(HERE, at, "default", "{}", ())
    assert len(numbers(traffic)) == EVENTS
    for at in range(5):
        traffic.add(HERE, at, "default", "x" * (CHARACTERS // 2), ())
    assert len(numbers(traffic)) == 2
    for at in range(PLACES):
        traffic.add(Caller(str(at), REGION), at, "default", "{}", ())
    assert numbers(traffic) == []


def test_an_engine_remembers_what_rules_took_and_what_none_did(hall: Hall) -> None:
    hall.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "sale", "Detail": "{}"}])
    assert traffic(hall) == []  # there is no rule, so nobody is to be told why
    arn = hall.events("PutRule", Name="r", EventPattern='{"source":["shop"]}')["RuleArn"]
    for source in ("shop", "store"):
        hall.events("PutEvents", Entries=[{"Source": source, "DetailType": "sale", "Detail": "{}"}])
    assert [(loads(each["Event"])["source"], each["Rules"]) for each in traffic(hall)] == [
        ("store", []),
        ("shop", [arn]),
    ]


def traffic(hall: Hall) -> list[Json]:
    found: list[Json] = hall.events("ListTraffic")["Events"]
    return found
