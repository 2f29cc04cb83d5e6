"""Run `lamplighter stop`: stop a run, and its running containers.

Exit codes: 0 the run is being stopped; 1 no run is under way, or several runs of the job are and none is named.
"""

from typing import Annotated

import typer

from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.cli.runs import find_job, find_run
from lamplighter.cli.runs.arguments import RunArgument
from lamplighter.runs.run import Run


@with_command_context
def stop(
    context: CommandContext,
    run: RunArgument,
    *,
    cause: Annotated[str | None, typer.Option("--cause", help="The reason, for the run's history.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Stop all running runs of the job.")] = False,
) -> None:
    """Stop a run, or the run of a job that is under way."""
    for each in _runs_to_stop(context, run, every=every):
        context.sfn.stop_execution(executionArn=each.arn, cause=cause or "stopped with `lamplighter stop`")
        typer.echo(f"stopped {each.arn}")


def _runs_to_stop(context: CommandContext, argument: str, *, every: bool) -> list[Run]:
    """Return the runs to stop; for a job, the runs under way and not the latest one, which may have ended."""
    machine = None if ":" in argument else find_job.find_by_name(context, argument, find_job.all_machines(context))
    if machine is None:
        found = find_run.find_run(context, argument)
        if not found.running:
            fail(f"{found.name} has ended already: {found.status.lower().replace('_', ' ')}")
        return [found]
    running = [*find_run.list_runs(context, machine, "RUNNING")]
    if not running:
        fail(f"no run of {machine.short_name} is running")
    if len(running) > 1 and not every:
        names = "\n".join(f"    {machine.short_name}:{each.name}" for each in running)
        fail(f"{len(running)} runs of {machine.short_name} are running: name one, or use --all\n{names}")
    return running
