"""Compose the alert for dropped slots: times at which a job did not start and for which it will not start later."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lamplighter.base.json_text import Json
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, printable_line, to_subject

MAX_LISTED_ROWS = 20
"""The most rows of slots that an alert lists. A row stands for one slot, or for several dropped together."""


def compose_dropped_alert(project: str, job: str, slots: Sequence[Json], url: str) -> Json:
    """Compose the subject and the text of an alert about scheduled times that start no run. All `slots` belong to one
    job; `url` is the console's URL.
    """
    count = sum(each["Count"] for each in slots)
    times, runs = ("one", "This run") if count == 1 else (f"{count}", "These runs")
    lines = [
        f"{project}: the job {job} did not start at {times} of its scheduled times. {runs} will not be started later.",
        "",
        *_time_lines(slots[:MAX_LISTED_ROWS]),
        *([f"           and {len(slots) - MAX_LISTED_ROWS} more"] if len(slots) > MAX_LISTED_ROWS else []),
        f"Look at:   {url.rstrip('/')}/",
        f"Run now:   lamplighter run {project}-{job}",
    ]
    return {"Subject": to_subject(f"{project}: {job} did not start"), "Message": "\n".join(lines) + "\n"}


def _time_lines(slots: Sequence[Json]) -> Iterator[str]:
    """Yield a line for each row of slots: its time, or its first and last time.

    If consecutive rows have the same reason, the reason follows the last of them.
    """
    for at, each in enumerate(slots):
        first, last = _format_time(each["First"], each["Zone"]), _format_time(each["Last"], each["Zone"])
        yield f"Time:      {first}" + ("" if each["Count"] == 1 else f" to {last} ({each['Count']} times)")
        if at + 1 == len(slots) or slots[at + 1]["Reason"] != each["Reason"]:
            yield f"Reason:    {printable_line(each['Reason'], MAX_REASON_LENGTH)}"


def _format_time(iso: str, zone: str) -> str:
    """Format an instant in the time zone of the schedule: 2026-01-01 01:00 (Asia/Seoul)."""
    moment = datetime.fromisoformat(iso)
    try:
        local_time = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local_time, zone = moment, "UTC"
    return f"{local_time:%Y-%m-%d %H:%M} ({zone})"
