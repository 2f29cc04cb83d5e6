"""Decide whether a run can be redriven, and what to do if it cannot (`runs/redrive_outcome.py`).

See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from collections.abc import Sequence

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.runs.find_run import Run
from lamplighter.runs.redrive_outcome import why_futile


class NoRedrive(LamplighterError):
    """A run cannot be redriven; it has to be watched, or started again."""


def why_not_redrive(run: Run, events: Sequence[Json], definition: Json) -> str | None:
    """Return why a run should not be redriven, or None if it may be."""
    if run.running:
        return "it is still running"
    if run.status == "SUCCEEDED":
        return "it succeeded"
    if run.final is not None:
        return run.final
    return why_futile(events, definition)


def check_redrivable(run: Run, why: str | None, word: str) -> None:
    """Raise `NoRedrive` with advice if there is a reason not to redrive a run."""
    if why is None:
        return
    said = "follow it" if run.running else "start a new run instead"
    instead = f"logs -f {word}:{run.name}" if run.running else f"run {word}"
    raise NoRedrive(f"{word}:{run.name} cannot be redriven: {why}\n    {said}: lamplighter {instead}")
