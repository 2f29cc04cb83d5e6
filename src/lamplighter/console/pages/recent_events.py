"""Show the recent events of the event buses, and why each rule matched an event or did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import links
from lamplighter.console.view.pattern_wording import describe_values
from lamplighter.lang.event_pattern.comparisons import InvalidPattern
from lamplighter.lang.event_pattern.explain import Explanation, explain
from lamplighter.lang.json_errors import first_value

PAGE, RULES, LATELY = 50, 100, 5


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """An event that a bus received."""

    number: int
    time: float
    bus: str
    text: str
    event: Json
    rules: Sequence[str]
    """The ARNs of the rules that matched the event."""


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """Whether and why a rule matches an event."""

    rule: Json
    took: bool
    """Whether the rule matched when the event arrived."""
    explanation: Explanation


async def show(page: Page) -> Response:
    """Show the recent events."""
    found = await _seen(page, page.query("from"))
    return await page.render(
        "events.html", kept=found is not None, events=(found or ())[:PAGE],
        next=found[PAGE].number if found and len(found) > PAGE else None, page_of=links.resource_page,
    )  # fmt: skip


async def _seen(page: Page, upto: str | None) -> Sequence[RecentEvent] | None:
    """Return the remembered events up to a number, newest first. None if no events are remembered."""
    params = {"Number": int(upto)} if upto is not None and upto.isdecimal() and len(upto) < 16 else {}
    told = await page.console.port.told(page.place, "events", "ListTraffic", params)
    if told is None:
        return None
    return [
        RecentEvent(
            each["Number"], each["Time"], each["EventBusName"], each["Event"], loads(each["Event"]), each["Rules"]
        )
        for each in told["Events"]
    ]


async def events_of_rule(page: Page, rule: str, bus: str) -> Sequence[RecentEvent]:
    """Return recent events of a bus: the last that the rule matched, and a few that it did not match."""
    found = [each for each in await _seen(page, None) or () if each.bus == bus]
    took = [each for each in found if rule in each.rules][:LATELY]
    rest = [each for each in found if rule not in each.rules][:LATELY]
    return sorted([*took, *rest], key=lambda each: -each.number)


async def show_event(page: Page) -> Response:
    """Show an event, and whether each rule of its bus matches it."""
    number: str = page.request.path_params["number"]
    found = await _seen(page, number)
    if not found or str(found[0].number) != number:
        raise AwsError("This event is no longer stored.", code="NotFound", status=404)
    seen = found[0]
    verdicts = await _verdicts(page, seen)
    return await page.render(
        "event.html", seen=seen, verdicts=verdicts, wanted=describe_values, page_of=links.resource_page
    )


async def _verdicts(page: Page, seen: RecentEvent) -> Sequence[RuleMatch]:
    """Explain every rule for an event, with the rules that matched first."""
    listed = await page.call("events", "ListRules", EventBusName=seen.bus, Limit=RULES)
    told = [_verdict(rule, seen) for rule in listed["Rules"] if rule.get("EventPattern")]
    return sorted(
        (each for each in told if each is not None),
        key=lambda each: (not each.took, not each.explanation.matches, each.rule["Name"]),
    )


def _verdict(rule: Json, seen: RecentEvent) -> RuleMatch | None:
    try:
        return RuleMatch(rule, rule["Arn"] in seen.rules, explain(first_value(rule["EventPattern"]), seen.event))
    except InvalidPattern:
        return None


ROUTES = (page_route("/events", show), page_route("/events/{number}", show_event))
