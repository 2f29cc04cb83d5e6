"""Run `lamplighter redrive`: continue a failed run from the state that failed.

Exit codes: 0 the run continues; 1 it cannot be redriven, could only fail again, or runs again already, and the reason
is printed. With --follow, the exit code is that of the run's result.
"""

import asyncio
from typing import Annotated

import typer

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_command_context
from lamplighter.cli.command_port import command_calls
from lamplighter.cli.runs import find_run, find_task
from lamplighter.cli.runs.arguments import FollowOption, RunArgument
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.cli.runs.follow import follow_run
from lamplighter.cli.runs.formatting import format_clock
from lamplighter.console.data.runs.run_actions import REDRIVE, plan_actions
from lamplighter.runs.history.attempt_numbers import read_numbered_story
from lamplighter.runs.redrive_outcome import why_not_redrive
from lamplighter.runs.run import Run


class NotRedrivable(LamplighterError):
    """A run cannot be redriven; it has to be watched, or started again."""


@with_command_context
def redrive(
    context: CommandContext,
    run: RunArgument,
    *,
    follow: FollowOption = False,
    force: Annotated[bool, typer.Option("--force", help="Redrive the run even if it can only fail again.")] = False,
) -> None:
    """Continue a run in the state that failed; the results of earlier states are kept."""
    found = find_task.find_run_or_task(context, run)
    if isinstance(found, FoundTask):
        raise NotRedrivable(
            f"{found.label} is a task without a state machine, so it has no states to continue from: "
            f"start it again with `{context.hint(f'run {found.run.family}')}`"
        )
    _check_not_repeated(context, found)
    events = find_run.read_events(context, found)
    if not force:
        reason = why_not_redrive(found, events, find_run.read_definition(context, found))
        _check_redrivable(found, reason, find_run.job_of_run(context, found, run))
    before = read_numbered_story(events)
    context.sfn.redrive_execution(executionArn=found.arn)
    typer.echo(f"redriven {find_run.run_label(context.job_names(), found.arn)}", err=follow)
    if follow:
        follow_run(context, find_run.refresh_run(context, found), since=(before.ended or found.began) + 1)


def _check_not_repeated(context: CommandContext, run: Run) -> None:
    """Raise `NotRedrivable` if a run was run again, and that is under way."""
    world = real_world()
    (planned,) = asyncio.run(plan_actions(command_calls(context, world), REDRIVE, [run.arn]))
    if planned.repetition is not None and planned.repetition.arn != run.arn:
        words = planned.words(lambda seconds: format_clock(round(seconds * 1000), world.now()))
        repetition = find_run.run_label(context.job_names(), planned.repetition.arn)
        raise NotRedrivable(f"{run.name} {words}: follow {repetition}")


def _check_redrivable(run: Run, reason: str | None, machine_name: str) -> None:
    """Raise `NotRedrivable` with advice if there is a reason not to redrive a run."""
    if reason is None:
        return
    advice = "follow it" if run.running else "start a new run instead"
    command = f"logs -f {machine_name}:{run.name}" if run.running else f"run {machine_name}"
    raise NotRedrivable(f"{machine_name}:{run.name} cannot be redriven: {reason}\n    {advice}: lamplighter {command}")
