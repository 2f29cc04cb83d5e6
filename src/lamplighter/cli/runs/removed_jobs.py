"""The runs of a job that is gone, as an engine keeps them; AWS lists none of a state machine that is deleted.

Promises nothing but what is there: whatever keeps an engine from answering, it answers with no runs.
"""

import urllib.request
from urllib.parse import urlencode

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.site import Site
from lamplighter.cli.target import Target

RUNS = "/_lamplighter/runs"
PATIENCE = 5
"""Seconds."""


def find_removed(site: Site, word: str) -> Machine | None:
    """The machine, no longer there, of which runs are kept under a job's name or its own; None where there is none."""
    names = [word] if site.project is None else [f"{site.project.prefix}-{word}", word]
    found = (run["stateMachineArn"] for name in names for run in _asked(site.target, name)[:1])
    return next((Machine(arn, word, gone=True) for arn in found), None)


def runs_of_removed(site: Site, machine: Machine) -> list[Json]:
    """Its runs, youngest first, as ListExecutions has them."""
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
