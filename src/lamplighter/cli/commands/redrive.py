"""Run `lamplighter redrive`: continue a failed run from the state that failed.

Exit codes: 0 the run continues; 1 it cannot be redriven, or could only fail again, and the reason is printed. With
--follow, the exit code is that of the run's result.
"""

from typing import Annotated

import typer

from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.arguments import FollowOption, RunArgument
from lamplighter.cli.runs.attempt_numbers import read_numbered_story
from lamplighter.cli.runs.check_redrive import check_redrivable, why_not_redrive
from lamplighter.cli.runs.follow import follow_run as watch
from lamplighter.cli.runs.site import Site, with_site


@with_site
def redrive(
    site: Site,
    run: RunArgument,
    *,
    follow: FollowOption = False,
    force: Annotated[bool, typer.Option("--force", help="Redrive the run even if it can only fail again.")] = False,
) -> None:
    """Continue a run in the state that failed; the results of earlier states are kept."""
    found = find_run.find_run(site, run)
    events = find_run.read_events(site, found)
    if not force:
        why = why_not_redrive(found, events, find_run.read_definition(site, found))
        check_redrivable(found, why, find_run.display_name(site, found, run))
    before = read_numbered_story(events)
    site.sfn.redrive_execution(executionArn=found.arn)
    typer.echo(f"redriven {found.arn}", err=follow)
    if follow:
        watch(site, find_run.refresh_run(site, found), since=(before.ended or found.began) + 1)
