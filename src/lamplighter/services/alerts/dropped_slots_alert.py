"""Compose the alert for dropped slots: times at which a job did not start and for which it will not start later."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lamplighter.base.json_text import Json
from lamplighter.services.alerts.alert_text import LONGEST_REASON, one_line, printable_line

MOST = 20
"""The most rows of slots that an alert lists. A row stands for one slot, or for several dropped together."""


def compose_dropped_alert(project: str, job: str, slots: Sequence[Json], url: str) -> Json:
    """Compose the subject and the message. All `slots` belong to one job; `url` is the console's URL."""
    count = sum(each["Count"] for each in slots)
    times, runs = ("one", "This run") if count == 1 else (f"{count}", "These runs")
    lines = [
        f"{project}: the job {job} did not start at {times} of its scheduled times. {runs} will not be started later.",
        "",
        *_times(slots[:MOST]),
        *([f"           and {len(slots) - MOST} more"] if len(slots) > MOST else []),
        f"Look at:   {url.rstrip('/')}/",
        f"Run now:   lamplighter run {project}-{job}",
    ]
    return {"Subject": one_line(f"{project}: {job} did not start"), "Message": "\n".join(lines) + "\n"}


def _times(slots: Sequence[Json]) -> Iterator[str]:
    """Yield a line for each row of slots: its time, or its first and last time.

    If consecutive rows have the same reason, the reason follows the last of them.
    """
    for at, each in enumerate(slots):
        first, last = _moment(each["First"], each["Zone"]), _moment(each["Last"], each["Zone"])
        yield f"Time:      {first}" + ("" if each["Count"] == 1 else f" to {last} ({each['Count']} times)")
        if at + 1 == len(slots) or slots[at + 1]["Reason"] != each["Reason"]:
            yield f"Reason:    {printable_line(each['Reason'], LONGEST_REASON)}"


def _moment(iso: str, zone: str) -> str:
    """Format an instant in the time zone of the schedule: 2026-01-01 01:00 (Asia/Seoul)."""
    moment = datetime.fromisoformat(iso)
    try:
        there = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        there, zone = moment, "UTC"
    return f"{there:%Y-%m-%d %H:%M} ({zone})"
