"""Compose the alert for dropped slots: times at which a job did not start and for which it will not start later."""

from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import Json
from lamplighter.runs.local_times import format_local_time, parse_iso_milliseconds
from lamplighter.runs.printable_text import printable_line, to_subject
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, field_line

MAX_LISTED_ROWS = 20
"""The most rows of slots that an alert lists. A row stands for one slot, or for several dropped together."""


def compose_dropped_alert(project: str, job: str, slots: Sequence[Json], url: str) -> Json:
    """Compose the subject and the text of an alert about scheduled times that start no run. All `slots` belong to one
    job; `url` is the console's URL.
    """
    count = sum(each["Count"] for each in slots)
    times, runs = (_format_time(slots[0], "First"), "This run") if count == 1 else (f"{count} times", "These runs")
    headline = f"{job} did not start at {times}"
    lines = [
        headline,
        "",
        *_time_lines(slots[:MAX_LISTED_ROWS]),
        *([f"           and {len(slots) - MAX_LISTED_ROWS} more"] if len(slots) > MAX_LISTED_ROWS else []),
        field_line("Project", project),
        field_line("Look at", f"{url.rstrip('/')}/"),
        field_line("Run now", f"lamplighter run {project}-{job}"),
        "",
        f"{runs} will not be started later.",
    ]
    return {"Subject": to_subject(headline), "Message": "\n".join(lines) + "\n"}


def _time_lines(slots: Sequence[Json]) -> Iterator[str]:
    """Yield a line for each row of slots: its time, or its first and last time.

    If consecutive rows have the same reason, the reason follows the last of them.
    """
    for at, each in enumerate(slots):
        first, last = _format_time(each, "First"), _format_time(each, "Last")
        yield field_line("Scheduled", first + ("" if each["Count"] == 1 else f" to {last} ({each['Count']} times)"))
        if at + 1 == len(slots) or slots[at + 1]["Reason"] != each["Reason"]:
            yield field_line("Reason", printable_line(each["Reason"], MAX_REASON_LENGTH))


def _format_time(slot: Json, name: str) -> str:
    """Format an instant of a slot in the time zone of its schedule: Thu 2026-01-01 01:00 (Asia/Seoul)."""
    milliseconds = parse_iso_milliseconds(slot[name])
    return slot[name] if milliseconds is None else format_local_time(milliseconds, slot["Zone"], seconds=False)
