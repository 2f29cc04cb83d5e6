"""Run `lamplighter stop`: stop a run, and its running containers.

Exit codes: 0 the run is being stopped; 1 no run is under way, or several runs of the job are and none is named.
"""

from typing import Annotated

import typer

from lamplighter.cli.runs import find_job, find_run
from lamplighter.cli.runs.arguments import RunArgument
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.site import Site, fail, with_site


@with_site
def stop(
    site: Site,
    run: RunArgument,
    *,
    cause: Annotated[str | None, typer.Option("--cause", help="The reason, for the run's history.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Stop all running runs of the job.")] = False,
) -> None:
    """Stop a run, or the run of a job that is under way."""
    for each in _meant(site, run, every=every):
        site.sfn.stop_execution(executionArn=each.arn, cause=cause or "stopped with `lamplighter stop`")
        typer.echo(f"stopped {each.arn}")


def _meant(site: Site, word: str, *, every: bool) -> list[Run]:
    """Return the runs to stop; for a job, the runs under way and not the latest one, which may have ended."""
    machine = None if ":" in word else find_job.find_by_name(site, word, find_job.all_machines(site))
    if machine is None:
        found = find_run.find_run(site, word)
        if not found.running:
            fail(f"{found.name} has ended already: {found.status.lower().replace('_', ' ')}")
        return [found]
    going = [*find_run.runs_of(site, machine, "RUNNING")]
    if not going:
        fail(f"no run of {machine.word} is running")
    if len(going) > 1 and not every:
        names = "\n".join(f"    {machine.word}:{each.name}" for each in going)
        fail(f"{len(going)} runs of {machine.word} are running: name one, or use --all\n{names}")
    return going
