"""Run `lamplighter run`: start a run of a job now, or a task as its schedule or rule would.

Exit codes: 0 the run has started or, with --follow, it succeeded; 1 it failed or cannot be started; 2 the command line
is wrong; 3 it timed out; 4 it was stopped; 130 Ctrl-C ended the command, and the run continues.
"""

from typing import Annotated

import typer

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.command_context import CommandContext, with_command_context
from lamplighter.cli.runs import find_job, find_run, find_task, formatting, run_input
from lamplighter.cli.runs.arguments import FollowOption, JobArgument
from lamplighter.cli.runs.find_job import Machine, NoSuchJob
from lamplighter.cli.runs.follow import EXIT_CODES, follow_run
from lamplighter.cli.runs.result_text import run_json, task_json
from lamplighter.cli.runs.start_task import choose_starter, start_task
from lamplighter.cli.runs.task_output import follow_tasks
from lamplighter.runs.failures.failure_words import run_words
from lamplighter.runs.run import END_WORDS
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask, TaskStarter


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
    like: Annotated[
        str | None,
        typer.Option("--like", help="The schedule or rule whose parameters a task gets, if several start it."),
    ] = None,
    follow: FollowOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Start a run now; with --follow, watch it and exit with its result."""
    overrides = run_input.parse_overrides(env or [], command)
    given_input = None if given is None else run_input.read_input(given)
    run_name = None if name is None else run_input.check_run_name(name)
    found = _find_machine_or_tasks(context, job)
    if not isinstance(found, Machine):
        if given_input is not None or run_name is not None:
            raise typer.BadParameter(f"{job} starts a task, which has no --input and no --name: use --env or --command")
        _run_task(context, choose_starter(found, like), overrides, follow=follow, json=json)
        return
    if like is not None:
        raise typer.BadParameter(f"--like is for tasks without a state machine: leave it out for {job}")
    _run_machine(context, found, given_input, overrides, run_name, follow=follow, json=json)


def _find_machine_or_tasks(context: CommandContext, job: str) -> Machine | list[ScheduledTask]:
    try:
        return find_job.find_job(context, job)
    except NoSuchJob:
        tasks = find_task.find_families(context, job)
        if not tasks:
            raise
        return tasks


def _run_task(context: CommandContext, starter: TaskStarter, overrides: Json, *, follow: bool, json: bool) -> None:
    """Start a task as its schedule or rule would."""
    started = start_task(context, starter, overrides)
    if json:
        formatting.print_json_lines(task_json(each.run, each.run.family) for each in started)
    else:
        for each in started:
            typer.echo(each.label, err=follow)
    if follow:
        follow_tasks(context, started)


def _run_machine(
    context: CommandContext,
    machine: Machine,
    given_input: str | None,
    overrides: Json,
    run_name: str | None,
    *,
    follow: bool,
    json: bool,
) -> None:
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
        typer.echo(f"{machine.short_name}:{started.name}", err=follow)
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
        words = run_words(answer["status"], answer.get("error"), answer.get("cause"))
        typer.echo(f"{END_WORDS[answer['status']]}: {words}", err=True)
    raise typer.Exit(EXIT_CODES.get(answer["status"], 1))
