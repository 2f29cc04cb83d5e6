"""Run `lamplighter run`: start a run of a job now.

Exit codes: 0 the run has started or, with --follow, it succeeded; 1 it failed or cannot be started; 2 the command line
is wrong; 3 it timed out; 4 it was stopped; 130 Ctrl-C ended the command, and the run continues.
"""

from typing import Annotated

import typer

from lamplighter.base.world import real_world
from lamplighter.cli.runs import find_job, find_run, formatting, run_input
from lamplighter.cli.runs.arguments import FollowOption, JobArgument
from lamplighter.cli.runs.failure_words import run_json
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.follow import EXITS
from lamplighter.cli.runs.follow import follow_run as watch
from lamplighter.cli.runs.site import Site, with_site


@with_site
def run(
    site: Site,
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
    overrides = run_input.overrides(env or [], command)
    typed = None if given is None else run_input.read_input(given)
    wanted = None if name is None else run_input.check_run_name(name)
    machine = find_job.find_job(site, job)
    run_input.check_overrides(site, machine, overrides)
    text = run_input.with_overrides(run_input.read_default_input(site, machine) if typed is None else typed, overrides)
    if machine.express and follow:
        _at_once(site, machine, text)
    begun = _begin(site, machine, text, wanted)
    if machine.express:
        typer.echo(begun)
        return
    started = find_run.find_run(site, begun)
    if json:
        formatting.print_json_lines([run_json(started, machine.word)])
    else:
        typer.echo(f"{machine.word}:{started.name}\n{started.arn}", err=follow)
    if follow:
        watch(site, started)


def _begin(site: Site, machine: Machine, text: str, name: str | None) -> str:
    """Start a run with a name, so that a call which is repeated because its answer was lost starts no second run."""
    chosen = name or real_world().uuid()
    try:
        begun: str = site.sfn.start_execution(stateMachineArn=machine.arn, input=text, name=chosen)["executionArn"]
    except site.sfn.exceptions.ExecutionAlreadyExists:
        if name is not None:
            raise
        return find_run.run_arn(machine, chosen)
    return begun


def _at_once(site: Site, machine: Machine, text: str) -> None:
    """Run an express state machine, for which AWS keeps no record, and wait for its result."""
    answer = site.sfn.start_sync_execution(stateMachineArn=machine.arn, input=text)
    typer.echo(answer["executionArn"], err=True)
    if answer["status"] == "SUCCEEDED":
        typer.echo(answer["output"])
    else:
        typer.echo(f"{answer['status'].lower()}: {answer.get('error', '')} {answer.get('cause', '')}", err=True)
    raise typer.Exit(EXITS.get(answer["status"], 1))
