"""An alert as people read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_SUBJECT = 100
LONGEST_REASON, LONGEST_LINE = 2_000, 500
"""Characters."""
UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""Control characters, and what colours a terminal."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told; None and nothing are left out."""

    subject: str
    headline: str
    error: str | None
    reason: str | None
    exit_code: int | None
    run: str | None
    """The ARN of the execution."""
    machine: str | None
    """The name of the state machine, by which `lamplighter run` knows the job."""
    time: str
    lines: tuple[str, ...] = ()
    step: str | None = None
    """Load (job load), attempt 2"""
    attempt: str | None = None
    """2 of 3"""
    attempts: int | None = None
    """How many there were, where there is none to come."""


def failure_text(error: str | None, exit_code: int | None) -> str:
    """How something failed, in the words after "failed": it took too long, or its exit code."""
    if error == "States.Timeout":
        return ": it took too long"
    return f" with exit code {exit_code}" if exit_code else ""


def alert_subject(alert: Alert) -> str:
    """The subject of a mail about an alert."""
    return one_line(alert.subject)


def one_line(text: str) -> str:
    """What the subject of a mail may be: ASCII, on one line."""
    return text.encode("ascii", "replace").decode()[:LONGEST_SUBJECT]


def alert_body(alert: Alert, url: str) -> str:
    """The whole alert; `url`: where the console is."""
    parts = [alert.headline, "", *_facts(alert, url)]
    if alert.lines:
        parts += ["", "Last lines:", *(f"  {printable_line(line, LONGEST_LINE)}" for line in alert.lines)]
    return "\n".join(parts) + "\n"


def _facts(alert: Alert, url: str) -> Iterator[str]:
    told = {
        "Error:": alert.error,
        "Reason:": None if alert.reason is None else printable_line(alert.reason, LONGEST_REASON),
        "Exit code:": alert.exit_code,
        "Step:": alert.step,
        "Attempt:": alert.attempt,
        "Attempts:": alert.attempts or None,
        "Time:": alert.time,
        "Run:": alert.run,
        "Look at:": None if alert.run is None else f"{url.rstrip('/')}/runs/{alert.run}",
        "Run again:": None if alert.machine is None else f"lamplighter run {alert.machine}",
    }
    yield from (f"{name:<11}{value}" for name, value in told.items() if value not in (None, ""))


def printable_line(line: str, most: int) -> str:
    """Text of others on one line, without what a terminal or a mail would take for more than text."""
    clean = UNPRINTABLE.sub(" ", line.rstrip("\r\n")).rstrip()
    return clean if len(clean) <= most else f"{clean[:most]}…"
