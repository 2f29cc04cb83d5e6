"""What is told of a job that did not start at some of its times, and will not start for them any more."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lamplighter.base.json_text import Json
from lamplighter.services.alerts.alert_text import LONGEST_REASON, one_line, printable_line

MOST = 20
"""Lines about times; there is one for each row of slots with the same reason."""


def compose_dropped_alert(project: str, job: str, slots: Sequence[Json], url: str) -> Json:
    """Compose the subject and the message; `slots` are those of one job, `url` is where the console is."""
    count = sum(each["Count"] for each in slots)
    times, them = ("one of its times", "it") if count == 1 else (f"{count} of its times", "them")
    lines = [
        f"{project}: the job {job} did not start at {times}, and will not be started for {them} any more.",
        "",
        *_times(slots[:MOST]),
        *([f"           and {len(slots) - MOST} more"] if len(slots) > MOST else []),
        f"Look at:   {url.rstrip('/')}/",
        f"Run now:   lamplighter run {project}-{job}",
    ]
    return {"Subject": one_line(f"{project}: {job} did not start"), "Message": "\n".join(lines) + "\n"}


def _times(slots: Sequence[Json]) -> Iterator[str]:
    """Each time, or the first and the last of several, and the reason where it differs from the one before."""
    for at, each in enumerate(slots):
        first, last = _moment(each["First"], each["Zone"]), _moment(each["Last"], each["Zone"])
        yield f"Time:      {first}" + ("" if each["Count"] == 1 else f" to {last} ({each['Count']} times)")
        if at + 1 == len(slots) or slots[at + 1]["Reason"] != each["Reason"]:
            yield f"Reason:    {printable_line(each['Reason'], LONGEST_REASON)}"


def _moment(iso: str, zone: str) -> str:
    """An instant in the time zone of the schedule: 2026-01-01 01:00 (Asia/Seoul)."""
    moment = datetime.fromisoformat(iso)
    try:
        there = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        there, zone = moment, "UTC"
    return f"{there:%Y-%m-%d %H:%M} ({zone})"
