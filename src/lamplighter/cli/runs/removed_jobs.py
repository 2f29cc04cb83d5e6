"""Read the runs of a deleted job, which an engine keeps; AWS lists none for a deleted state machine.

Returns no runs if the engine cannot answer, for any reason.
"""

import urllib.request
from urllib.parse import urlencode

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.site import Site
from lamplighter.cli.target import Target

RUNS = "/_lamplighter/runs"
PATIENCE = 5
"""Seconds to wait for an answer."""


def find_removed(site: Site, word: str) -> Machine | None:
    """Return the deleted state machine with the name, or of the job with the name; None if no runs are kept for it."""
    names = [word] if site.project is None else [f"{site.project.prefix}-{word}", word]
    found = (run["stateMachineArn"] for name in names for run in _asked(site.target, name)[:1])
    return next((Machine(arn, word, gone=True) for arn in found), None)


def runs_of_removed(site: Site, machine: Machine) -> list[Json]:
    """Return the runs of a deleted state machine, the latest first, in the form of ListExecutions."""
    return _asked(site.target, machine.name)


def _asked(where: Target, name: str) -> list[Json]:
    if where.endpoint is None:
        return []
    bearer = {"Authorization": f"Bearer {where.credentials.token}"} if where.credentials is not None else {}
    query = urlencode({"machine": name, "region": where.region})
    request = urllib.request.Request(f"{where.endpoint}{RUNS}?{query}", headers=bearer)  # noqa: S310 - the user's URL
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            said = loads(answer.read())
    except (OSError, JsonError):
        return []
    found: list[Json] = said.get("executions", []) if isinstance(said, dict) else []
    return found
