"""Compose the alert after a time in which no engine ran: from when to when, which slots run now, and which do not.

It is about jobs with `missed: {run: last}`, for which one run makes up for several slots. The channels of a job are
those for `did-not-start`; without any, those for failed runs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.services.alerts.alert_text import compose_message, field_line, format_instant
from lamplighter.services.alerts.outage_alert import outage_topics
from lamplighter.services.alerts.queries import AlertQueries

MAX_LISTED_ROWS = 20
"""The most schedules that an alert lists."""


def slots_by_topic(queries: AlertQueries, slots: Sequence[Json]) -> Mapping[str, list[Json]]:
    """Return the slots that each topic is told about, by the ARN of the topic."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for each in slots:
        for topic in each["Topics"] or outage_topics(queries, [f"{each['Project']}-{each['Job']}"]):
            found[topic].append(each)
    return found


def compose_away_alert(slots: Sequence[Json], until: str, url: str) -> Json:
    """Compose the subject and the message for slots that were passed over until an instant."""
    first = min(slots, key=lambda each: str(each["First"]))
    names = list(dict.fromkeys(each["Job"] for each in slots))
    others = f" and {format_count(len(names) - 1, 'other job')}" if len(names) > 1 else ""
    start, end = format_instant(first["First"], first["Zone"]), format_instant(until, first["Zone"])
    headline = f"{names[0]}{others}: no engine ran from {start} to {end}"
    more = len(slots) - MAX_LISTED_ROWS
    lines = [
        *(line for each in slots[:MAX_LISTED_ROWS] for line in _slot_lines(each)),
        *([field_line("And", f"{more} more schedules")] if more > 0 else []),
        field_line("Look at", f"{url.rstrip('/')}/"),
        "",
        "With `missed: {run: last}`, one run makes up for all times that passed; `run: all` starts one for each.",
    ]
    return compose_message(headline, lines)


def _slot_lines(slots: Json) -> list[str]:
    zone, first, last = slots["Zone"], slots["First"], slots["Last"]
    until = "" if slots["Count"] == 1 else f" to {format_instant(last, zone)} ({slots['Count']} times)"
    return [
        field_line("Job", f"{slots['Project']}-{slots['Job']}"),
        field_line("Runs now", f"for {format_instant(slots['Reason'], zone)}"),
        field_line("Not run", f"{format_instant(first, zone)}{until}"),
    ]
