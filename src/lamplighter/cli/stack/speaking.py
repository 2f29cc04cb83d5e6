"""What the verbs about stacks have in common with a person: options, errors in words, a question."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.target import Target, in_words, target

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="NAME=VALUE of a parameter of the template, such as Subnets=subnet-1."),
]
EngineOption = Annotated[
    str | None, typer.Option("--endpoint-url", help="An engine's URL, instead of the AWS account of your credentials.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
UNDECIDED = 2
"""Exit code where a question would have to be asked and nobody is there."""


def aws_or(endpoint_url: str | None, profile: str | None, region: str | None) -> Target:
    """AWS, unless a URL is said."""
    return target(endpoint_url=endpoint_url, aws=endpoint_url is None, profile=profile, region=region, data=Path())


@contextmanager
def told(where: Target) -> Iterator[None]:
    """Errors become a sentence, and the verb ends with 1."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"lamplighter: {in_words(error, where)}", err=True)
        raise typer.Exit(1) from None
    except LamplighterError as error:
        typer.echo(f"lamplighter: {error}", err=True)
        raise typer.Exit(1) from None


def sure(question: str, *, yes: bool) -> bool:
    """Whether a person wants it; where nobody can be asked, it has to be said beforehand."""
    if yes:
        return True
    if not sys.stdin.isatty():
        typer.echo("lamplighter: nobody can be asked here: say --yes if this is what you want", err=True)
        raise typer.Exit(UNDECIDED)
    return typer.confirm(question)


def pause(where: Target) -> None:
    """Wait before asking again: AWS counts the questions, an engine of this box does not."""
    Event().wait(2.0 if where.endpoint is None else 0.1)
