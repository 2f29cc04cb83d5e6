"""Before a deployment to AWS: say whether the jobs run elsewhere, so that nothing runs twice without a word."""

import os
from contextlib import suppress
from pathlib import Path

import typer

from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.engine_address import read_address
from lamplighter.cli.move.sides import AwsSide, read_schedules
from lamplighter.cli.prompts import confirm_or_exit
from lamplighter.cli.site_options import DATA_VARIABLE, DEFAULT_DATA, SiteOptions
from lamplighter.cli.target import Target, find_target
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.store.lock import is_locked


def ask_about_box(loaded: LoadedJobFile, target: Target, *, yes: bool) -> None:
    """Ask whether to deploy to AWS although the engine of this folder runs the same schedules.

    For jobs that have moved to a box, say instead that their schedules on AWS stay ended.
    """
    project = loaded.project.prefix
    moved = AwsSide(target, project, deploy=print).read() if target.endpoint is None else None
    if moved is not None and moved.role != "begins":
        when = f"moved to a box at {moved.at}" if moved.at else "wait for a move to AWS"
        typer.echo(f"lamplighter: the jobs of {project} {when}: their schedules on AWS stay off", err=True)
    elif target.endpoint is None and _runs_here(project):
        what = f"the engine of this folder runs the schedules of {project}, too, so that each slot would run twice"
        typer.echo(f"lamplighter: {what}: `{target.options.hint('move --to aws')}` hands them over", err=True)
        confirm_or_exit(f"Deploy {project} to AWS although this box runs its schedules?", yes=yes)


def _runs_here(project: str) -> bool:
    data = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))
    if read_address(data) is None or not is_locked(data):
        return False
    with suppress(*CALL_ERRORS):
        found = read_schedules(find_target(SiteOptions(data=data)), project).values()
        return any(each["State"] == "ENABLED" and not each.get("EndDate") for each in found)
    return False
