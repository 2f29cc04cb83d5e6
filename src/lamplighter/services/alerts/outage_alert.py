"""Compose the alerts for an outage of Docker and for its end, and choose the topics that receive them.

The topics belong to the jobs whose tasks wait. For each job they are its topics for failed runs; if there are none,
those for failed attempts; if there are none either, those for runs that did not start.
"""

from collections.abc import Sequence

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.runs.local_times import UTC_NAME, format_local_time, parse_iso_milliseconds
from lamplighter.runs.printable_text import to_subject
from lamplighter.services.alerts.alert_text import field_line
from lamplighter.services.alerts.queries import AlertQueries

MAX_NAMED_JOBS = 20
"""The most jobs that an alert names."""


def outage_topics(queries: AlertQueries, families: Sequence[str]) -> list[str]:
    """Return the ARNs of the topics to alert for the jobs with these task definition families, without duplicates."""
    found = [topic for family in families for topic in _job_topics(queries, family)]
    return list(dict.fromkeys(found))


def _job_topics(queries: AlertQueries, family: str) -> list[str]:
    for pattern in ("run-failed", "attempt-failed"):
        if told := queries.rule_topics(f"{family}-{pattern}"):
            return told
    return queries.alarm_topics(f"{family}-did-not-start")


def compose_outage(params: Json, url: str) -> Json:
    """Compose the subject and the message for a Docker daemon that does not answer."""
    families = params["Families"]
    headline = f"{_jobs_text(families)}: Docker does not answer"
    more = f" and {len(families) - MAX_NAMED_JOBS} more" if len(families) > MAX_NAMED_JOBS else ""
    lines = [
        headline,
        "",
        field_line("Jobs", ", ".join(families[:MAX_NAMED_JOBS]) + more),
        field_line("Tasks", params["Tasks"]),
        field_line("Since", _format_time(params["Since"])),
        field_line("Look at", f"{url.rstrip('/')}/"),
        "",
        "Docker is on the engine's machine. The tasks continue when it answers again. Until then, the timeouts of",
        "attempts are paused; the deadlines of runs are not. For details, run `systemctl status docker` and",
        "`lamplighter doctor` on that machine.",
    ]
    return {"Subject": to_subject(headline), "Message": "\n".join(lines) + "\n"}


def compose_recovery(params: Json) -> Json:
    """Compose the subject and the message for a Docker daemon that answers again."""
    headline = "Docker answers again: the waiting tasks continue"
    lines = [
        headline,
        "",
        field_line("Since", _format_time(params["Until"])),
        field_line("Down from", _format_time(params["Since"])),
    ]
    return {"Subject": to_subject(headline), "Message": "\n".join(lines) + "\n"}


def _jobs_text(families: Sequence[str]) -> str:
    """Return which jobs wait: `reports-nightly waits`, `reports-nightly and 2 other jobs wait`."""
    others = len(families) - 1
    if others == 0:
        return f"{families[0]} waits"
    return f"{families[0]} and {format_count(others, 'other job')} wait"


def _format_time(iso: str) -> str:
    milliseconds = parse_iso_milliseconds(iso)
    return iso if milliseconds is None else format_local_time(milliseconds, UTC_NAME, seconds=False)
