"""Compose the alert for dropped slots: times at which a job did not start and for which it will not start later."""

from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import Json
from lamplighter.runs.printable_text import printable_line
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, compose_message, field_line, format_instant

MAX_LISTED_ROWS = 20
"""The most rows of slots that an alert lists. A row stands for one slot, or for several dropped together."""


def compose_dropped_alert(project: str, job: str, slots: Sequence[Json], url: str) -> Json:
    """Compose the subject and the text of an alert about scheduled times that start no run. All `slots` belong to one
    job; `url` is the console's URL.
    """
    count = sum(each["Count"] for each in slots)
    first = format_instant(slots[0]["First"], slots[0]["Zone"])
    times, runs = (first, "This run") if count == 1 else (f"{count} times", "These runs")
    headline = f"{job} did not start at {times}"
    lines = [
        *_time_lines(slots[:MAX_LISTED_ROWS]),
        *([f"           and {len(slots) - MAX_LISTED_ROWS} more"] if len(slots) > MAX_LISTED_ROWS else []),
        field_line("Project", project),
        field_line("Look at", f"{url.rstrip('/')}/"),
        field_line("Run now", f"lamplighter run {project}-{job}"),
        "",
        f"{runs} will not be started later.",
    ]
    return compose_message(headline, lines)


def _time_lines(slots: Sequence[Json]) -> Iterator[str]:
    """Yield a line for each row of slots: its time, or its first and last time.

    If consecutive rows have the same reason, the reason follows the last of them.
    """
    for at, each in enumerate(slots):
        first, last = (format_instant(each[name], each["Zone"]) for name in ("First", "Last"))
        yield field_line("Scheduled", first + ("" if each["Count"] == 1 else f" to {last} ({each['Count']} times)"))
        if at + 1 == len(slots) or slots[at + 1]["Reason"] != each["Reason"]:
            yield field_line("Reason", printable_line(each["Reason"], MAX_REASON_LENGTH))
