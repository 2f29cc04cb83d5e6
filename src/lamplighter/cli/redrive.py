"""`lamplighter redrive`: let a run that failed go on from where it failed.

Exit codes: 0 it goes on; 1 it cannot be redriven, or could only fail again, and why is said; with --follow the run's
result.
"""

from typing import Annotated

import typer

from lamplighter.cli.watch import runs
from lamplighter.cli.watch.again import check, hindrance
from lamplighter.cli.watch.arguments import FollowOption, RunArgument
from lamplighter.cli.watch.follow import follow as watch
from lamplighter.cli.watch.numbers import read
from lamplighter.cli.watch.site import Site, on_site


@on_site
def redrive(
    site: Site,
    run: RunArgument,
    *,
    follow: FollowOption = False,
    force: Annotated[bool, typer.Option("--force", help="Redrive it even if it can only fail again.")] = False,
) -> None:
    """Let a run go on in the state that failed; what succeeded before is kept."""
    found = runs.find(site, run)
    events = runs.events(site, found)
    if not force:
        why = hindrance(found, events, runs.definition(site, found))
        check(found, why, runs.word(site, found, run))
    before = read(events)
    site.sfn.redrive_execution(executionArn=found.arn)
    typer.echo(f"redriven {found.arn}", err=follow)
    if follow:
        watch(site, runs.refreshed(site, found), since=(before.ended or found.began) + 1)
