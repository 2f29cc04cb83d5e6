"""Compose the alerts for tasks that wait: for Docker, which is away or answers again, or for room on the machine.

The topics that receive them belong to the jobs whose tasks wait. For each job they are its topics for failed runs; if
there are none, those for failed attempts; if there are none either, those for runs that did not start.
"""

from collections.abc import Sequence

from lamplighter.base.count_text import format_count, join_names
from lamplighter.base.json_text import Json
from lamplighter.services.alerts.alert_text import compose_message, field_line, format_instant
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
    explanation = [
        "Docker is on the engine's machine. The tasks continue when it answers again. Until then, the timeouts of",
        "attempts are paused; the deadlines of runs are not. For details, run `systemctl status docker` and",
        "`lamplighter doctor` on that machine.",
    ]
    return _compose_waiting(f"{_jobs_text(params['Families'])}: Docker does not answer", params, url, explanation)


def compose_queue(params: Json, url: str) -> Json:
    """Compose the subject and the message for tasks that have waited long for room on the machine."""
    explanation = [
        *([f"{params['Families'][0]} {params['Reason']}."] if params["Reason"] else []),
        "The tasks start when others end. `lamplighter ps` shows what each one waits for. Give the engine more room",
        "(`box:` in the job file), or let fewer jobs start at the same time.",
    ]
    return _compose_waiting(f"{_jobs_text(params['Families'])}: no room on the machine", params, url, explanation)


def _compose_waiting(headline: str, params: Json, url: str, explanation: Sequence[str]) -> Json:
    families = params["Families"]
    lines = [
        field_line("Jobs", join_names(families, MAX_NAMED_JOBS)),
        field_line("Tasks", params["Tasks"]),
        field_line("Since", format_instant(params["Since"])),
        field_line("Look at", f"{url.rstrip('/')}/"),
        "",
        *explanation,
    ]
    return compose_message(headline, lines)


def compose_recovery(params: Json) -> Json:
    """Compose the subject and the message for a Docker daemon that answers again."""
    lines = [
        field_line("Since", format_instant(params["Until"])),
        field_line("Down from", format_instant(params["Since"])),
    ]
    return compose_message("Docker answers again: the waiting tasks continue", lines)


def _jobs_text(families: Sequence[str]) -> str:
    """Return which jobs wait: `reports-nightly waits`, `reports-nightly and 2 other jobs wait`."""
    others = len(families) - 1
    if others == 0:
        return f"{families[0]} waits"
    return f"{families[0]} and {format_count(others, 'other job')} wait"
