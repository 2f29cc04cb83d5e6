from base64 import b64encode

import pytest

from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION
from tests.services.events.events_harness import QUEUE, TOPIC, EventsHarness, make_target


def offset_token(number: int) -> str:
    """Return the token of a page in the format of AWS."""
    return b64encode(number.to_bytes(128)).decode()


def listed_names(answer: Json) -> list[str]:
    """Return the names that a page lists."""
    listed = next(value for value in answer.values() if isinstance(value, list))
    return [item if isinstance(item, str) else next(iter(item.values())) for item in listed]


@pytest.fixture
def populated(harness: EventsHarness) -> EventsHarness:
    """A harness with three resources of each type."""
    for name in ("a", "b", "c"):
        harness.put_rule(None, make_target(QUEUE, "1"), make_target(TOPIC, "2"), make_target(QUEUE, "3"), name=name)
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
def test_a_page_begins_at_the_offset_of_a_token_of_aws(
    populated: EventsHarness, operation: str, params: Json, rest: list[str]
) -> None:
    populated.settle()
    assert listed_names(populated.events(operation, **params, NextToken=offset_token(1))) == rest
    assert listed_names(populated.events(operation, **params, NextToken=offset_token(2), Limit=1)) == rest[1:2]
    assert listed_names(populated.events(operation, **params, NextToken=offset_token(1), Limit=1)) == rest[:1]
    assert listed_names(populated.events(operation, **params, NextToken=offset_token(99), Limit=1)) == []


def test_the_next_token_after_a_token_of_aws_continues_the_list(populated: EventsHarness) -> None:
    page = populated.events("ListRules", NextToken=offset_token(1), Limit=1)
    assert listed_names(populated.events("ListRules", NextToken=page["NextToken"])) == ["c"]


def test_list_rule_names_by_target_lists_only_the_rules_of_one_bus(populated: EventsHarness) -> None:
    populated.put_rule(None, make_target(QUEUE), name="z", EventBusName="a")
    populated.put_rule(None, make_target(QUEUE), name="z", EventBusName="b")
    page = populated.events("ListRuleNamesByTarget", TargetArn=QUEUE, Limit=2)
    assert page["RuleNames"] == ["a", "b"]
    rest = populated.events("ListRuleNamesByTarget", TargetArn=QUEUE, Limit=1, NextToken=page["NextToken"])
    assert rest == {"RuleNames": ["c"]}
    assert populated.events("ListRuleNamesByTarget", TargetArn=QUEUE, EventBusName="a")["RuleNames"] == ["z"]
