from base64 import b64encode

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION
from tests.services.events.events_harness import QUEUE, TOPIC, EventsHarness, to


def offset(number: int) -> str:
    """The token of a page as AWS makes it."""
    return b64encode(number.to_bytes(128)).decode()


def names(answer: Json) -> list[str]:
    """What a page lists."""
    listed = next(value for value in answer.values() if isinstance(value, list))
    return [item if isinstance(item, str) else next(iter(item.values())) for item in listed]


@pytest.fixture
def full(harness: EventsHarness) -> EventsHarness:
    """Three of everything."""
    for name in ("a", "b", "c"):
        harness.rule(None, to(QUEUE, "1"), to(TOPIC, "2"), to(QUEUE, "3"), name=name)
        harness.events("CreateEventBus", Name=name)
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
        archive = harness.events("CreateArchive", ArchiveName=name, EventSourceArn=bus)["ArchiveArn"]
        window = {"EventStartTime": 1, "EventEndTime": 2, "Destination": {"Arn": bus}}
        harness.events("StartReplay", ReplayName=name, EventSourceArn=archive, **window)
    return harness


@pytest.mark.parametrize(
    ("operation", "params", "rest"),
    [
        ("ListRules", {}, ["b", "c"]),
        ("ListEventBuses", {}, ["b", "c", "default"]),
        ("ListTargetsByRule", {"Rule": "a"}, ["2", "3"]),
        ("ListRuleNamesByTarget", {"TargetArn": QUEUE}, ["b", "c"]),
        ("ListArchives", {}, ["b", "c"]),
        ("ListReplays", {"State": "COMPLETED"}, ["b", "c"]),
    ],
)
def test_a_page_begins_where_a_token_of_aws_says(
    full: EventsHarness, operation: str, params: Json, rest: list[str]
) -> None:
    full.settle()
    assert names(full.events(operation, **params, NextToken=offset(1))) == rest
    assert names(full.events(operation, **params, NextToken=offset(2), Limit=1)) == rest[1:2]
    assert names(full.events(operation, **params, NextToken=offset(1), Limit=1)) == rest[:1]
    assert names(full.events(operation, **params, NextToken=offset(99), Limit=1)) == []


def test_a_token_of_our_own_follows_one_of_aws(full: EventsHarness) -> None:
    page = full.events("ListRules", NextToken=offset(1), Limit=1)
    assert names(full.events("ListRules", NextToken=page["NextToken"])) == ["c"]


def test_pages_of_the_rules_of_a_target_hold_those_of_one_bus_only(full: EventsHarness) -> None:
    full.rule(None, to(QUEUE), name="z", EventBusName="a")
    full.rule(None, to(QUEUE), name="z", EventBusName="b")
    page = full.events("ListRuleNamesByTarget", TargetArn=QUEUE, Limit=2)
    assert page["RuleNames"] == ["a", "b"]
    rest = full.events("ListRuleNamesByTarget", TargetArn=QUEUE, Limit=1, NextToken=page["NextToken"])
    assert rest == {"RuleNames": ["c"]}
    assert full.events("ListRuleNamesByTarget", TargetArn=QUEUE, EventBusName="a")["RuleNames"] == ["z"]
