"""`lamplighter redrive`: let a run that failed go on from where it failed.

Exit codes: 0 it goes on; 1 it cannot be redriven, and why is said; with --follow the run's result.
"""

import typer

from lamplighter.cli.watch import runs
from lamplighter.cli.watch.again import check
from lamplighter.cli.watch.arguments import FollowOption, RunArgument
from lamplighter.cli.watch.follow import follow as watch
from lamplighter.cli.watch.site import Site, on_site


@on_site
def redrive(
    site: Site,
    run: RunArgument,
    *,
    follow: FollowOption = False,
) -> None:
    """Let a run go on in the state that failed; what succeeded before is kept."""
    found = runs.find(site, run)
    before = runs.story(site, found)
    check(found, before, runs.word(site, found, run))
    site.sfn.redrive_execution(executionArn=found.arn)
    typer.echo(f"redriven {found.arn}", err=follow)
    if follow:
        watch(site, runs.refreshed(site, found), since=(before.ended or found.began) + 1)
