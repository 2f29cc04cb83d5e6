"""Compose the alerts for an outage of Docker and for its end, and choose the topics that receive them.

The topics belong to the jobs whose tasks wait. For each job they are its topics for failed runs; if there are none,
those for failed attempts; if there are none either, those for runs that did not start.
"""

from collections.abc import Sequence
from datetime import datetime

from lamplighter.base.json_text import Json
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
    count, families = params["Tasks"], params["Families"]
    tasks = _tasks_wait_text(count)
    more = f" and {len(families) - MAX_NAMED_JOBS} more" if len(families) > MAX_NAMED_JOBS else ""
    lines = [
        f"Docker on the engine's machine has not answered since {_format_time(params['Since'])}. {tasks} for it:",
        "",
        f"Jobs:      {', '.join(families[:MAX_NAMED_JOBS])}{more}",
        f"Look at:   {url.rstrip('/')}/",
        "",
        "The tasks continue when Docker answers again. Until then, the timeouts of attempts are paused; the deadlines",
        "of runs are not. For details, run `systemctl status docker` and `lamplighter doctor` on that machine.",
    ]
    return {"Subject": f"Docker does not answer: {tasks}", "Message": "\n".join(lines) + "\n"}


def compose_recovery(params: Json) -> Json:
    """Compose the subject and the message for a Docker daemon that answers again."""
    text = (
        f"Docker on the engine's machine has been available again since {_format_time(params['Until'])}. It had not "
        f"answered since {_format_time(params['Since'])}.\n\nThe waiting tasks continue.\n"
    )
    return {"Subject": "Docker answers again", "Message": text}


def _tasks_wait_text(count: int) -> str:
    return "1 task waits" if count == 1 else f"{count} tasks wait"


def _format_time(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"
