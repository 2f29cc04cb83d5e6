"""Format an alert as the text that its recipients read, at night and on a phone.

Guarantees that the subject and the first line name the job and what happened to it. Times are local times of the job's
time zone. `runs/printable_text.py` cuts the subject to the length that SNS takes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import EXIT_CODE_MEANINGS
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.local_times import UTC_NAME, format_local_time, parse_iso_milliseconds
from lamplighter.runs.printable_text import printable_line, to_subject

MAX_REASON_LENGTH, MAX_LINE_LENGTH = 2_000, 500
"""The longest reason and the longest log line in an alert, in characters."""
LAST_LINES = "Last lines:"
"""The line above the log lines of an alert."""


@dataclass(frozen=True, slots=True)
class Times:
    """When something was scheduled, started and ended, in milliseconds since the epoch; None: unknown."""

    scheduled: int | None = None
    started: int | None = None
    """The start; of a redriven run, its last redrive."""
    ended: int | None = None
    zone: str = UTC_NAME
    """The time zone of the job."""
    redriven: bool = False
    """Whether `started` is the last redrive of a run."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The contents of an alert. The text omits fields that are None or empty."""

    headline: str
    """The job and what happened to it: `nightly failed: exit code 2 after 3 attempts`."""
    project: str
    headline_end: str = ""
    """The last words of the headline, which stay if it is cut."""
    machine: str | None = None
    """The name of the state machine, which `lamplighter run` accepts as the job's name."""
    error: str | None = None
    reason: str | None = None
    exit_code: int | None = None
    step: str | None = None
    """The failed step of a workflow, for example "Load (job load)"."""
    attempt: str | None = None
    """The number of the attempt, for example "2 of 3"."""
    times: Times = Times()
    run: str | None = None
    """The ARN of the execution."""
    lines: tuple[str, ...] = ()


def alert_subject(alert: Alert) -> str:
    """Return the subject of the mail for an alert."""
    return to_subject(alert.headline, end=alert.headline_end)


def alert_body(alert: Alert, url: str) -> str:
    """Return the complete text of an alert. `url` is the console's URL."""
    parts = [printable_line(alert.headline, MAX_REASON_LENGTH) + alert.headline_end, "", *_field_lines(alert, url)]
    if alert.lines:
        parts += ["", LAST_LINES, *(f"  {printable_line(line, MAX_LINE_LENGTH)}" for line in alert.lines)]
    return "\n".join(parts) + "\n"


def _field_lines(alert: Alert, url: str) -> Iterator[str]:
    meaning = EXIT_CODE_MEANINGS.get(alert.exit_code or 0)
    reason = None if alert.reason is None or alert.reason in alert.headline else alert.reason
    fields = {
        "Error": alert.error,
        "Reason": reason and printable_line(reason, MAX_REASON_LENGTH),
        "Exit code": f"{alert.exit_code}: {meaning}" if meaning else alert.exit_code,
        "Step": alert.step,
        "Attempt": alert.attempt,
        **_time_fields(alert.times),
        "Project": alert.project,
        "Look at": alert.run and run_link(url, alert.run),
        "Run again": alert.machine and f"lamplighter run {alert.machine}",
    }
    yield from (field_line(name, value) for name, value in fields.items() if value not in (None, ""))


def _time_fields(times: Times) -> dict[str, str]:
    start = "Redriven" if times.redriven else "Started"
    known = {"Scheduled": times.scheduled, start: times.started, "Ended": times.ended}
    fields = {
        name: format_local_time(time, times.zone, seconds=name != "Scheduled" or time % 60_000 != 0)
        for name, time in known.items()
        if time is not None
    }
    if times.started is not None and times.ended is not None:
        fields["Duration"] = format_duration((times.ended - times.started) / 1000)
    return fields


def compose_message(headline: str, lines: Iterable[str]) -> Json:
    """Return the subject and the message of an alert that consists of a headline and lines."""
    return {"Subject": to_subject(headline), "Message": "\n".join([headline, "", *lines]) + "\n"}


def format_instant(iso: str, zone: str = UTC_NAME) -> str:
    """Format an instant in a time zone: Thu 2026-01-01 01:00 (Asia/Seoul); return other text as it is."""
    milliseconds = parse_iso_milliseconds(iso)
    return iso if milliseconds is None else format_local_time(milliseconds, zone, seconds=False)


def field_line(name: str, value: object) -> str:
    """Return a line of an alert with a fact: its name and its value."""
    return f"{f'{name}:':<11}{value}"


def run_link(url: str, run: str) -> str:
    """Return the link to a run in this engine's console."""
    return f"{url.rstrip('/')}/runs/{run}"
