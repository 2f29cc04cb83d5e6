"""Run `lamplighter stop`: stop a run, and its running containers; or a task that a schedule or a rule started.

Exit codes: 0 the run is being stopped; 1 no run is under way, or several runs of the job are and none is named.
"""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import typer

from lamplighter.base.aws import arn
from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.cli.runs import find_job, find_run, find_task
from lamplighter.cli.runs.arguments import RunArgument
from lamplighter.cli.runs.find_task import FoundTask
from lamplighter.runs.run import END_WORDS, Run
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE, run_of_task
from lamplighter.runs.tasks.task_run import TaskRun

R = TypeVar("R", Run, TaskRun)


@with_command_context
def stop(
    context: CommandContext,
    run: RunArgument,
    *,
    cause: Annotated[str | None, typer.Option("--cause", help="The reason, for the run's history.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Stop all running runs of the job.")] = False,
) -> None:
    """Stop a run, or the run of a job that is under way."""
    reason = cause or "stopped with `lamplighter stop`"
    machine = None if ":" in run else find_job.find_by_name(context, run, find_job.all_machines(context))
    if machine is not None:
        found = list(find_run.list_runs(context, machine, "RUNNING"))
        _stop_runs(context, _chosen(found, machine.short_name, every=every), reason)
    elif ":" not in run and (tasks := find_task.find_families(context, run)):
        _stop_tasks(context, _chosen(find_task.running_tasks(context, tasks), run, every=every), reason)
    else:
        _stop_named(context, run, reason)


def _stop_named(context: CommandContext, argument: str, reason: str) -> None:
    found = find_task.find_run_or_task(context, argument)
    run = found.run if isinstance(found, FoundTask) else found
    if not run.running:
        fail(f"{run.name} has ended already: {END_WORDS.get(run.status, run.status.lower())}")
    if isinstance(run, Run):
        _stop_runs(context, [run], reason)
    elif run.started_by == STARTED_BY_STATE_MACHINE:
        fail(f"{run.name} is an attempt of a run, which may start another one: stop {_run_words(context, found)}")
    else:
        _stop_tasks(context, [run], reason)


def _run_words(context: CommandContext, task: FoundTask | Run) -> str:
    """Return the words for the run of an attempt, with the command that stops it if the task states its run."""
    assert isinstance(task, FoundTask)
    place = arn.parse(task.run.arn)
    found = run_of_task(task.described, place.region, place.account) if place is not None else None
    return f"the run (`{context.hint(f'stop {found}')}`)" if found else f"the run, which `{context.hint('ps')}` lists"


def _stop_runs(context: CommandContext, runs: Sequence[Run], reason: str) -> None:
    names = context.job_names()
    for each in runs:
        context.sfn.stop_execution(executionArn=each.arn, cause=reason)
        typer.echo(f"stopped {find_run.run_label(names, each.arn)}")


def _stop_tasks(context: CommandContext, runs: Sequence[TaskRun], reason: str) -> None:
    for each in runs:
        context.ecs.stop_task(cluster=each.cluster, task=each.arn, reason=reason)
        typer.echo(f"stopped {each.arn}")


def _chosen(running: list[R], job: str, *, every: bool) -> list[R]:
    """Return the runs of a job to stop: those under way, and not the latest one, which may have ended."""
    if not running:
        fail(f"no run of {job} is running")
    if len(running) > 1 and not every:
        names = "\n".join(f"    {job}:{each.name}" for each in running)
        fail(f"{len(running)} runs of {job} are running: name one, or use --all\n{names}")
    return running
