"""Show the rules of EventBridge: their patterns and targets, and why a rule matches an event or does not."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.console.data.listing import read_each, read_listing
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.pages import recent_events
from lamplighter.console.view.list_filters import contains_words, fixed_filter
from lamplighter.console.view.paging import take_page
from lamplighter.console.view.pattern_wording import describe_values
from lamplighter.lang.event_pattern.comparisons import EventPatternError
from lamplighter.lang.event_pattern.explain import Explanation, explain_match
from lamplighter.lang.jackson_errors import first_or_partial_value
from lamplighter.wire.access.roles import Role

PAGE_SIZE, MAX_BUSES = 50, 100
DEFAULT_BUS = "default"
STATES = {"ENABLED": "enabled", "DISABLED": "disabled"}
SAMPLE_EVENT = {
    "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "ECS Task State Change",
    "source": "aws.ecs", "account": "123456789012", "time": "2026-01-01T18:00:00Z", "region": "us-east-1",
    "resources": [], "detail": {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and its targets."""

    about: Json
    """The rule as DescribeRule returns it."""
    targets: Sequence[Json]


async def show(page: Page) -> Response:
    """Show the rules of a bus, by state and name."""
    bus = page.query("bus") or DEFAULT_BUS
    listed, buses = await asyncio.gather(
        read_listing(page, "events", "ListRules", "Rules", EventBusName=bus),
        page.call("events", "ListEventBuses", Limit=MAX_BUSES),
    )
    named = [each for each in listed.items if contains_words(each["Name"], page.query("q"))]
    state = page.query("state") if page.query("state") in STATES else None
    chosen = [each for each in named if state in (None, _state(each))]
    shown, paging = take_page(chosen, page.query_number("page"), PAGE_SIZE)
    return await page.render(
        "rules.html",
        rules=await read_each(partial(_with_targets, page), shown),
        bus=bus,
        buses=[each["Name"] for each in buses["EventBuses"]],
        listed=listed,
        paging=paging,
        filters=[fixed_filter("state", "State", STATES, state, Counter(map(_state, named)))],
    )


def _state(rule: Json) -> str:
    """Return ENABLED or DISABLED; AWS has a third state, in which a rule also gets events that only read."""
    return "DISABLED" if rule["State"] == "DISABLED" else "ENABLED"


async def _with_targets(page: Page, about: Json) -> Rule:
    answer = await page.call(
        "events", "ListTargetsByRule", Rule=about["Name"], EventBusName=about.get("EventBusName", DEFAULT_BUS)
    )
    return Rule(about, answer["Targets"])


async def show_rule(page: Page) -> Response:
    """Show a rule."""
    return await _render_rule(page, json.dumps(SAMPLE_EVENT, indent=2))


async def test_event(page: Page, given: Mapping[str, str]) -> Response:
    """Test an event against the rule; nothing is sent."""
    return await _render_rule(page, given.get("event", ""), is_test=True)


async def _render_rule(page: Page, event: str, *, is_test: bool = False) -> Response:
    rule = await _read_rule(page)
    explanation, fault = _explain_match(rule, event) if is_test else (None, None)
    bus = rule.about.get("EventBusName", DEFAULT_BUS)
    return await page.render(
        "rule.html", 422 if fault else 200, rule=rule, event=event, explanation=explanation, fault=fault,
        wanted=describe_values,
        lately=await recent_events.read_events_of_rule(page, rule.about["Arn"], bus),
    )  # fmt: skip


async def _read_rule(page: Page) -> Rule:
    bus, name = rule_names(page.arn)
    return await _with_targets(page, await page.call("events", "DescribeRule", Name=name, EventBusName=bus))


def rule_names(rule: str) -> tuple[str, str]:
    """Return the event bus and the name of a rule from its ARN."""
    found = arn.parse(rule)
    if found is None or found.service != "events" or not found.resource.startswith("rule/"):
        raise ValidationError(f"{rule} is not the ARN of a rule")
    bus, _, name = found.resource.removeprefix("rule/").rpartition("/")
    return bus or DEFAULT_BUS, name


def _explain_match(rule: Rule, text: str) -> tuple[Explanation | None, str | None]:
    """Return why the rule matches the event or does not, or what is wrong with the event or the pattern."""
    try:
        event = loads(text)
    except JsonError as error:
        return None, f"This event is not JSON: {error}"
    if not isinstance(event, dict):
        return None, "An event must be a JSON object."
    try:
        return explain_match(first_or_partial_value(rule.about["EventPattern"]), event), None
    except (EventPatternError, JsonError) as error:
        return None, f"The pattern of this rule is invalid: {error}"


async def switch_rule(page: Page, given: Mapping[str, str]) -> Response:
    """Enable or disable the rule."""
    bus, name = rule_names(page.arn)
    operation = "EnableRule" if given.get("do") == "enable" else "DisableRule"
    await page.call("events", operation, Name=name, EventBusName=bus)
    return page.redirect(page.url)


ROUTES = (
    page_route("/rules", show),
    form_route("/rules/{arn:path}/try", test_event, needs=Role.LOOK),
    form_route("/rules/{arn:path}/switch", switch_rule, needs=Role.CHANGE),
    page_route("/rules/{arn:path}", show_rule),
)
