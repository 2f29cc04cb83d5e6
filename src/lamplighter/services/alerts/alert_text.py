"""Format an alert as the text that its recipients read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SUBJECT_LENGTH = 100
MAX_REASON_LENGTH, MAX_LINE_LENGTH = 2_000, 500
"""The longest reason and the longest log line in an alert, in characters."""
UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""Matches control characters and the escape sequences of a terminal."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The contents of an alert. The text omits fields that are None or empty."""

    subject: str
    headline: str
    error: str | None
    reason: str | None
    exit_code: int | None
    run: str | None
    """The ARN of the execution."""
    machine: str | None
    """The name of the state machine, which `lamplighter run` accepts as the job's name."""
    time: str
    lines: tuple[str, ...] = ()
    step: str | None = None
    """The failed step of a workflow, for example "Load (job load), attempt 2"."""
    attempt: str | None = None
    """The number of the attempt, for example "2 of 3"."""
    attempts: int | None = None
    """The total number of attempts, set if no retry follows."""


def failure_text(error: str | None, exit_code: int | None) -> str:
    """Return the words that follow "failed": the timeout or the exit code."""
    if error == "States.Timeout":
        return ": it timed out"
    return f" with exit code {exit_code}" if exit_code else ""


def alert_subject(alert: Alert) -> str:
    """Return the subject of the mail for an alert."""
    return to_subject(alert.subject)


def to_subject(text: str) -> str:
    """Make the text a valid mail subject: ASCII, on one line, at most 100 characters."""
    return text.encode("ascii", "replace").decode()[:MAX_SUBJECT_LENGTH]


def alert_body(alert: Alert, url: str) -> str:
    """Return the complete text of an alert. `url` is the console's URL."""
    parts = [alert.headline, "", *_field_lines(alert, url)]
    if alert.lines:
        parts += ["", "Last lines:", *(f"  {printable_line(line, MAX_LINE_LENGTH)}" for line in alert.lines)]
    return "\n".join(parts) + "\n"


def _field_lines(alert: Alert, url: str) -> Iterator[str]:
    fields = {
        "Error:": alert.error,
        "Reason:": None if alert.reason is None else printable_line(alert.reason, MAX_REASON_LENGTH),
        "Exit code:": alert.exit_code,
        "Step:": alert.step,
        "Attempt:": alert.attempt,
        "Attempts:": alert.attempts or None,
        "Time:": alert.time,
        "Run:": alert.run,
        "Look at:": None if alert.run is None else f"{url.rstrip('/')}/runs/{alert.run}",
        "Run again:": None if alert.machine is None else f"lamplighter run {alert.machine}",
    }
    yield from (f"{name:<11}{value}" for name, value in fields.items() if value not in (None, ""))


def printable_line(line: str, max_characters: int) -> str:
    """Remove control characters and escape sequences from a line of foreign text, and cut it to `max_characters`
    characters.
    """
    clean = UNPRINTABLE.sub(" ", line.rstrip("\r\n")).rstrip()
    return clean if len(clean) <= max_characters else f"{clean[:max_characters]}…"
