"""Choose the runs of `ack` and `rerun`: those that are named, or all open failures of the night; and act on each.

What already runs again is left out, and named. Without a terminal nothing is done unless --yes is given.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

import typer

from lamplighter.base.count_text import format_count
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, fail
from lamplighter.cli.command_port import command_calls
from lamplighter.cli.deploy.prompts import confirm_or_exit, is_terminal_input
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.formatting import format_clock
from lamplighter.cli.runs.read_night import read_command_night
from lamplighter.console.calls import Calls
from lamplighter.console.data.action_subject import is_missed, is_task
from lamplighter.console.data.runs.run_actions import (
    ACKNOWLEDGE,
    AGAIN,
    ActionRequest,
    PlannedAction,
    act,
    plan_actions,
)
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.night.select import NightFilter

RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN…", help="Runs by ARN or name, JOB for its latest run, or JOB:NAME."),
]
FailedOption = Annotated[
    bool, typer.Option("--failed", help="Choose all failures of the night that need a person, as `night` lists them.")
]
SinceOption = Annotated[str, typer.Option("--since", help="With --failed, the beginning of the night.")]
QUESTIONS = {AGAIN: "Start {} again? {}", ACKNOWLEDGE: "Acknowledge {}? {}"}
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before acting on several runs; needed without a terminal.")
]


def choose_runs(context: CommandContext, action: str, named: Sequence[str], since: str, *, failed: bool) -> list[str]:
    """Return the ARNs of the chosen runs, and of those that run again already; end the command if none is chosen."""
    if bool(named) == failed:
        raise typer.BadParameter("name the runs, or choose all failures of the night with --failed")
    if not failed:
        return [each if is_missed(each) or is_task(each) else find_run.find_run(context, each).arn for each in named]
    night = read_command_night(context, since, "", NightFilter())
    found = [
        each.run.arn
        for each in night.selected.rows
        if each.status.needs_person or (action == AGAIN and each.runs_again)
    ]
    if not found:
        fail("nothing has failed that needs a person")
    return found


def act_on_runs(context: CommandContext, request: ActionRequest, arns: Sequence[str], *, yes: bool) -> None:
    """Act on each run and print what it did; end the command with 1 if an action was not possible."""
    world = real_world()
    calls, names = command_calls(context, world), context.job_names()
    format_time, name = partial(_format_seconds, world.now()), partial(find_run.run_label, names)
    planned = asyncio.run(plan_actions(calls, request.action, arns))
    for each in planned:
        if not each.possible:
            typer.echo(f"{name(each.arn)}: {each.words(format_time)}", err=True)
    wanted = [each for each in planned if each.possible]
    if wanted and (len(wanted) > 1 or not is_terminal_input()):
        count, jobs = format_count(len(wanted), "run"), _name_jobs(names, wanted)
        confirm_or_exit(QUESTIONS[request.action].format(count, jobs), yes=yes)
    done = asyncio.run(_act_on_all(calls, request, wanted, format_time, name))
    refused = sum(not each.possible and each.repetition is None for each in planned)
    if failed := refused + len(wanted) - done:
        fail(f"{failed} of {format_count(len(planned), 'run')} not done")


async def _act_on_all(
    calls: Calls,
    request: ActionRequest,
    planned: Sequence[PlannedAction],
    format_time: Callable[[float], str],
    name: Callable[[str], str],
) -> int:
    """Act on runs one after the other, print what was done, and return for how many."""
    done = 0
    for each in planned:
        result = await act(calls, request, each.arn)
        started = f": {name(result.started)}" if result.started else ""
        typer.echo(f"{name(each.arn)}: {result.text(format_time)}{started}", err=not result.done)
        done += result.done
    return done


def _name_jobs(names: JobNames, planned: Sequence[PlannedAction]) -> str:
    """Return the jobs of several runs: `invoices (2 runs), report`."""
    jobs = Counter(names.of(each.job) for each in planned)
    return ", ".join(f"{job} ({count} runs)" if count > 1 else job for job, count in sorted(jobs.items()))


def _format_seconds(now: int, seconds: float) -> str:
    return format_clock(round(seconds * 1000), now)
