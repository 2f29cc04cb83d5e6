"""What the verbs about stacks have in common with a person: options and a question."""

import sys
from typing import Annotated

import typer

from lamplighter.base.world import sleep
from lamplighter.cli.runs.site import explain_errors
from lamplighter.cli.target import Target, find_target

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameters", "--parameter", "-p", help="NAME=VALUE of a parameter of the template: Subnets=subnet-1."
    ),
]
EngineOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="An engine's URL, instead of the AWS account of your credentials.")
]
BucketOption = Annotated[str | None, typer.Option("--bucket", help="An S3 bucket for templates over 51,200 bytes.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
UNDECIDED = 2
"""Exit code where a question would have to be asked and nobody is there."""


def target_of_options(endpoint_url: str | None, profile: str | None, region: str | None, *, aws: bool) -> Target:
    """AWS, unless a URL is said; that it is AWS may be said as well."""
    with explain_errors(Target(None, "")):
        return find_target(endpoint_url=endpoint_url, aws=aws or endpoint_url is None, profile=profile, region=region)


def confirm(question: str, *, yes: bool) -> bool:
    """Whether a person wants it; where nobody can be asked, it has to be said beforehand."""
    if yes:
        return True
    if not sys.stdin.isatty():
        typer.echo("lamplighter: nobody can be asked here: say --yes if this is what you want", err=True)
        raise typer.Exit(UNDECIDED)
    return typer.confirm(question)


def confirm_or_exit(question: str, *, yes: bool) -> None:
    """Go on where a person wants it; otherwise end the verb with 1."""
    if not confirm(question, yes=yes):
        typer.echo("nothing was changed")
        raise typer.Exit(1)


def pause_between_polls(where: Target) -> None:
    """Wait before asking again: AWS counts the questions, an engine of this box does not."""
    sleep(2.0 if where.endpoint is None else 0.1)
