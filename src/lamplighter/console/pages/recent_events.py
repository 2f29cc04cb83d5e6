"""Show the recent events of the event buses, and why each rule matched an event or did not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.masking import mask_secrets
from lamplighter.console.data.subject_links import link_subjects
from lamplighter.console.page import Page, page_route
from lamplighter.console.view.list_filters import ListFilter, contains_words, found_filter
from lamplighter.console.view.paging import take_page
from lamplighter.console.view.pattern_wording import describe_values
from lamplighter.console.view.subject import job_of_event, status_of_event, subject_of_event
from lamplighter.lang.event_pattern.comparisons import EventPatternError
from lamplighter.lang.event_pattern.explain import Explanation, explain_match
from lamplighter.lang.jackson_errors import first_or_partial_value

PAGE_SIZE, MAX_RULES, RECENT_EVENTS = 50, 100, 5
FILTERED: Mapping[str, tuple[str, Callable[[Json], str]]] = {
    "source": ("Source", lambda event: str(event["source"])),
    "type": ("Event", lambda event: str(event["detail-type"])),
    "status": ("Status", status_of_event),
    "job": ("Job", job_of_event),
}
"""The filters: the label of each, and the value that an event has."""


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
    matched: bool
    """Whether the rule matched when the event arrived."""
    explanation: Explanation


async def show(page: Page) -> Response:
    """Show the recent events that the filters choose."""
    found = await _read_recent(page, None)
    choice = {name: page.query(name) for name in FILTERED}
    chosen = [each for each in found or () if _fits(each, choice) and _contains(each, page.query("q"))]
    shown, paging = take_page(chosen, page.query_number("page"), PAGE_SIZE)
    subjects = {each.number: subject_of_event(each.event) for each in shown}
    return await page.render(
        "events.html",
        kept=found is not None,
        any=bool(found),
        events=shown,
        paging=paging,
        filters=[_filter(found or (), name, choice) for name in FILTERED],
        subjects=subjects,
        linked=await link_subjects(page, subjects.values()),
        status_of=status_of_event,
    )


def _fits(event: RecentEvent, choice: Mapping[str, str | None]) -> bool:
    return all(value in (None, FILTERED[name][1](event.event)) for name, value in choice.items())


def _contains(event: RecentEvent, words: str | None) -> bool:
    """Return whether an event contains the words of a search. Secrets are masked first, so that none can be guessed."""
    return words is None or contains_words(dumps(mask_secrets(event.event)), words)


def _filter(events: Sequence[RecentEvent], name: str, choice: Mapping[str, str | None]) -> ListFilter:
    """Return a filter with the values of the events that the other filters let through."""
    label, value_of = FILTERED[name]
    others = {**choice, name: None}
    return found_filter(name, label, (value_of(each.event) for each in events if _fits(each, others)), choice[name])


async def _read_recent(page: Page, upto: str | None) -> Sequence[RecentEvent] | None:
    """Return the remembered events up to a number, newest first. None if no events are remembered."""
    params = {"Number": int(upto)} if upto is not None and upto.isdecimal() and len(upto) < 16 else {}
    answer = await page.call_internal("events", "ListRecentEvents", **params)
    if answer is None:
        return None
    return [
        RecentEvent(
            each["Number"], each["Time"], each["EventBusName"], each["Event"], loads(each["Event"]), each["Rules"]
        )
        for each in answer["Events"]
    ]


async def read_events_of_rule(page: Page, rule: str, bus: str) -> Sequence[RecentEvent]:
    """Return recent events of a bus: the last that the rule matched, and a few that it did not match."""
    found = [each for each in await _read_recent(page, None) or () if each.bus == bus]
    matched = [each for each in found if rule in each.rules][:RECENT_EVENTS]
    rest = [each for each in found if rule not in each.rules][:RECENT_EVENTS]
    return sorted([*matched, *rest], key=lambda each: -each.number)


async def show_event(page: Page) -> Response:
    """Show an event, and whether each rule of its bus matches it."""
    number: str = page.request.path_params["number"]
    found = await _read_recent(page, number)
    if not found or str(found[0].number) != number:
        raise AwsError("This event is no longer stored.", code="NotFound", status=404)
    recent = found[0]
    matches, subject = await _match_rules(page, recent), subject_of_event(recent.event)
    return await page.render(
        "event.html", seen=recent, verdicts=matches, wanted=describe_values, subject=subject,
        linked=await link_subjects(page, [subject]),
    )  # fmt: skip


async def _match_rules(page: Page, recent: RecentEvent) -> Sequence[RuleMatch]:
    """Explain every rule for an event, with the rules that matched first."""
    listed = await page.call("events", "ListRules", EventBusName=recent.bus, Limit=MAX_RULES)
    matches = [_match_rule(rule, recent) for rule in listed["Rules"] if rule.get("EventPattern")]
    return sorted(
        (each for each in matches if each is not None),
        key=lambda each: (not each.matched, not each.explanation.matches, each.rule["Name"]),
    )


def _match_rule(rule: Json, recent: RecentEvent) -> RuleMatch | None:
    try:
        return RuleMatch(
            rule, rule["Arn"] in recent.rules, explain_match(first_or_partial_value(rule["EventPattern"]), recent.event)
        )
    except EventPatternError:
        return None


ROUTES = (page_route("/events", show), page_route("/events/{number}", show_event))
