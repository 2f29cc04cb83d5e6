"""Compose the ping about a run for a monitor of heartbeats, from the execution's event.

Guarantees that a run that is skipped sends neither a start nor a success: it did not do the job's work.
"""

from lamplighter.base.json_text import Json
from lamplighter.runs.jobs.heartbeat import make_ping
from lamplighter.runs.jobs.skipped_runs import runs_that_caused_skip
from lamplighter.runs.run import FAILED_STATUSES
from lamplighter.services.alerts.alert_text import alert_body
from lamplighter.services.alerts.queries import AlertQueries
from lamplighter.services.alerts.run_alert import compose_run_alert


def compose_ping(queries: AlertQueries, annotation: Json, event: Json, url: str) -> Json | None:
    """Return the ping about a run that began or ended, or None if the run was skipped. `url` is the console's URL."""
    detail = event["detail"]
    status, run = detail["status"], detail["executionArn"]
    described = queries.describe_run(run) or {}
    if runs_that_caused_skip(described.get("output")) is not None:
        return None
    if status == "RUNNING" and annotation.get("Skips") and _has_older_run(queries, detail):
        return None
    alert = compose_run_alert(queries, annotation, "", event) if status in FAILED_STATUSES else None
    if alert is None:
        return make_ping(status, run)
    return make_ping(status, run, alert.exit_code, alert_body(alert, url))


def _has_older_run(queries: AlertQueries, detail: Json) -> bool:
    """Return whether an older run is under way, because of which a run of a job with `overlap: skip` is skipped."""
    listed = queries.list_runs(detail["stateMachineArn"], statusFilter="RUNNING")
    own = next((at for at, each in enumerate(listed) if each["executionArn"] == detail["executionArn"]), len(listed))
    return own + 1 < len(listed)
