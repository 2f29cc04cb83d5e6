"""Run `lamplighter run`: start a run of a job now.

Exit codes: 0 the run has started or, with --follow, it succeeded; 1 it failed or cannot be started; 2 the command line
is wrong; 3 it timed out; 4 it was stopped; 130 Ctrl-C ended the command, and the run continues.
"""

from typing import Annotated

import typer

from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_command_context
from lamplighter.cli.runs import find_job, find_run, formatting, run_input
from lamplighter.cli.runs.arguments import FollowOption, JobArgument
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.follow import EXIT_CODES, follow_run
from lamplighter.cli.runs.result_text import run_json


@with_command_context
def run(
    context: CommandContext,
    job: JobArgument,
    *,
    given: Annotated[
        str | None, typer.Option("--input", "-i", help="The input: JSON, @FILE, or @- for standard input.")
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", help="NAME=VALUE in the job's environment.")] = None,
    command: Annotated[
        str | None,
        typer.Option(
            "--command", help="Command to run instead of the job's: a line for sh -c, or a JSON list of words."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="A unique name for the run.")] = None,
    follow: FollowOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Start a run now; with --follow, watch it and exit with its result."""
    overrides = run_input.parse_overrides(env or [], command)
    given_input = None if given is None else run_input.read_input(given)
    run_name = None if name is None else run_input.check_run_name(name)
    machine = find_job.find_job(context, job)
    run_input.check_overrides(context, machine, overrides)
    text = run_input.add_overrides(
        run_input.read_default_input(context, machine) if given_input is None else given_input, overrides
    )
    if machine.express and follow:
        _run_express(context, machine, text)
    arn = _start_run(context, machine, text, run_name)
    if machine.express:
        typer.echo(arn)
        return
    started = find_run.find_run(context, arn)
    if json:
        formatting.print_json_lines([run_json(started, machine.short_name)])
    else:
        typer.echo(f"{machine.short_name}:{started.name}\n{started.arn}", err=follow)
    if follow:
        follow_run(context, started)


def _start_run(context: CommandContext, machine: Machine, text: str, name: str | None) -> str:
    """Start a run with a name, so that a call which is repeated because its answer was lost starts no second run."""
    run_name = name or real_world().uuid()
    try:
        arn: str = context.sfn.start_execution(stateMachineArn=machine.arn, input=text, name=run_name)["executionArn"]
    except context.sfn.exceptions.ExecutionAlreadyExists:
        if name is not None:
            raise
        return find_run.run_arn(machine, run_name)
    return arn


def _run_express(context: CommandContext, machine: Machine, text: str) -> None:
    """Run an express state machine, for which AWS keeps no record, and wait for its result."""
    answer = context.sfn.start_sync_execution(stateMachineArn=machine.arn, input=text)
    typer.echo(answer["executionArn"], err=True)
    if answer["status"] == "SUCCEEDED":
        typer.echo(answer["output"])
    else:
        typer.echo(f"{answer['status'].lower()}: {answer.get('error', '')} {answer.get('cause', '')}", err=True)
    raise typer.Exit(EXIT_CODES.get(answer["status"], 1))
