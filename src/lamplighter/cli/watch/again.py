"""Whether a run can be redriven, and what to do where it cannot.

A redrive goes on in the state that failed, with what went before it as it was. A run that a Fail state ended would
enter that state again and fail again, so that nothing is won by it.
See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.watch.runs import Run
from lamplighter.jobs.story import Story


class NoRedrive(LamplighterError):
    """The run is to be begun anew instead."""


def hindrance(run: Run, story: Story) -> str | None:
    """Why a run should not be redriven; None where it may be."""
    last = story.visits[-1] if story.visits else None
    if run.running:
        return "it still goes on"
    if run.status == "SUCCEEDED":
        return "it succeeded"
    if run.final is not None:
        return run.final
    if last is not None and last.kind == "Fail":
        return f"it ended in the state {last.state}, which fails again whenever it is entered"
    return None


def check(run: Run, story: Story, word: str) -> None:
    """Raise NoRedrive where a redrive would be refused or useless."""
    why = hindrance(run, story)
    if why is None:
        return
    said = "watch it" if run.running else "begin anew"
    instead = f"logs -f {word}:{run.name}" if run.running else f"run {word}"
    raise NoRedrive(f"{word}:{run.name} cannot be redriven: {why}\n    {said}: lamplighter {instead}")
