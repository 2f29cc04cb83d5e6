"""`lamplighter redrive`: let a run that failed go on from where it failed.

Exit codes: 0 it goes on; 1 it cannot be redriven, and why is said; with --follow the run's result.
"""

from typing import Annotated

import typer

from lamplighter.cli.watch import runs
from lamplighter.cli.watch.again import check
from lamplighter.cli.watch.arguments import RunArgument
from lamplighter.cli.watch.follow import follow as watch
from lamplighter.cli.watch.site import Site, on_site


@on_site
def redrive(
    site: Site,
    run: RunArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch it, and end with its result.")] = False,  # noqa: FBT002
) -> None:
    """Let a run go on in the state that failed; what succeeded before is kept."""
    found = runs.find(site, run)
    before = runs.story(site, found)
    check(found, before, runs.word(site, found))
    site.sfn.redrive_execution(executionArn=found.arn)
    typer.echo(f"redriven {found.arn}", err=follow)
    if follow:
        watch(site, runs.refreshed(site, found), since=(before.ended or found.began) + 1)
