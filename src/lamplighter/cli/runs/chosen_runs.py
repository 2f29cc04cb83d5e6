"""Choose the runs of `ack` and `rerun`: those that are named, or all open failures of the night; and act on each."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lamplighter.base.count_text import format_count
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, fail
from lamplighter.cli.command_port import command_calls
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.read_night import read_command_night
from lamplighter.console.data.run_actions import (
    ACKNOWLEDGE,
    AGAIN,
    ActionRequest,
    ActionResult,
    act,
    is_missed,
    is_task,
)
from lamplighter.runs.night.select import NightFilter

RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN…", help="Runs by ARN or name, JOB for its latest run, or JOB:NAME."),
]
FailedOption = Annotated[
    bool, typer.Option("--failed", help="Choose all failures of the night that need a person, as `night` lists them.")
]
SinceOption = Annotated[str, typer.Option("--since", help="With --failed, the beginning of the night.")]
QUESTIONS = {AGAIN: "Start {} again?", ACKNOWLEDGE: "Acknowledge {}?"}
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before acting on several runs.")]


def choose_runs(context: CommandContext, named: Sequence[str], since: str, *, failed: bool) -> list[str]:
    """Return the ARNs of the chosen runs; end the command if none is chosen."""
    if bool(named) == failed:
        raise typer.BadParameter("name the runs, or choose all failures of the night with --failed")
    if not failed:
        return [each if is_missed(each) or is_task(each) else find_run.find_run(context, each).arn for each in named]
    night = read_command_night(context, since, "", NightFilter())
    found = [each.run.arn for each in night.selected.rows if each.status.needs_person]
    if not found:
        fail("nothing has failed that needs a person")
    return found


def act_on_runs(context: CommandContext, request: ActionRequest, arns: Sequence[str], *, yes: bool) -> None:
    """Act on each run and print what it did; end the command with 1 if an action was not possible."""
    if len(arns) > 1 and not yes and sys.stdin.isatty():
        typer.confirm(QUESTIONS[request.action].format(format_count(len(arns), "run")), abort=True)
    calls = command_calls(context, real_world())

    async def act_on_all() -> list[ActionResult]:
        results = []
        for each in arns:
            results.append(await act(calls, request, each))
            _print_result(results[-1])
        return results

    failed = sum(not each.done for each in asyncio.run(act_on_all()))
    if failed:
        fail(f"{failed} of {format_count(len(arns), 'run')} not done")


def _print_result(result: ActionResult) -> None:
    started = f": {result.started}" if result.started else ""
    line = f"{result.planned.arn}: {result.words}{started}"
    typer.echo(line, err=not result.done)
