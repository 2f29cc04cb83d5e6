"""Read the runs of a deleted job, which an engine keeps; AWS lists none for a deleted state machine.

Returns no runs if the engine cannot answer, for any reason.
"""

import urllib.request
from urllib.parse import urlencode

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.read_url import read_url
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.target import Target

RUNS_PATH = "/_lamplighter/runs"


def find_removed_machine(context: CommandContext, short_name: str) -> Machine | None:
    """Return the deleted state machine with the name, or of the job with the name; None if no runs are kept for it."""
    names = [short_name] if context.project is None else [f"{context.project.prefix}-{short_name}", short_name]
    found = (run["stateMachineArn"] for name in names for run in _read_runs(context.target, name)[:1])
    return next((Machine(arn, short_name, removed=True) for arn in found), None)


def list_removed_runs(context: CommandContext, machine: Machine) -> list[Json]:
    """Return the runs of a deleted state machine, the latest first, in the form of ListExecutions."""
    return _read_runs(context.target, machine.name)


def _read_runs(target: Target, name: str) -> list[Json]:
    if target.endpoint is None:
        return []
    path = f"{RUNS_PATH}?{urlencode({'machine': name, 'region': target.region})}"
    try:
        document = loads(_get(target, path) if target.stopped is None else target.stopped.get(path))
    except (OSError, JsonError):
        return []
    found: list[Json] = document.get("executions", []) if isinstance(document, dict) else []
    return found


def _get(target: Target, path: str) -> bytes:
    bearer = {"Authorization": f"Bearer {target.credentials.token}"} if target.credentials is not None else {}
    request = urllib.request.Request(f"{target.endpoint}{path}", headers=bearer)  # noqa: S310 - the user's URL
    return read_url(request).body
