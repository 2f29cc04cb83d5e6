"""Decide whether a run can be redriven, and what to do if it cannot (`runs/redrive_outcome.py`).

See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from collections.abc import Sequence

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.runs.find_run import Run
from lamplighter.runs.redrive_outcome import redrive_objection


class NotRedrivable(LamplighterError):
    """A run cannot be redriven; it has to be watched, or started again."""


def why_not_redrive(run: Run, events: Sequence[Json], definition: Json) -> str | None:
    """Return why a run should not be redriven, or None if it may be."""
    if run.running:
        return "it is still running"
    if run.status == "SUCCEEDED":
        return "it succeeded"
    if run.not_redrivable_reason is not None:
        return run.not_redrivable_reason
    return redrive_objection(events, definition)


def check_redrivable(run: Run, reason: str | None, machine_name: str) -> None:
    """Raise `NotRedrivable` with advice if there is a reason not to redrive a run."""
    if reason is None:
        return
    advice = "follow it" if run.running else "start a new run instead"
    command = f"logs -f {machine_name}:{run.name}" if run.running else f"run {machine_name}"
    raise NotRedrivable(f"{machine_name}:{run.name} cannot be redriven: {reason}\n    {advice}: lamplighter {command}")
