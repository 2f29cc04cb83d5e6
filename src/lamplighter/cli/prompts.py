"""Ask the user for confirmation, and pause between two calls."""

import sys
from typing import Annotated

import typer

from lamplighter.base.world import sleep
from lamplighter.cli.aws_guard import describe_account
from lamplighter.cli.target import Target

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
EXIT_NO_TERMINAL = 2
"""Exit code if a question is necessary and standard input is no terminal."""


def describe_place(target: Target) -> str:
    """Return the words for a target in a question: they name AWS's account."""
    if target.endpoint is not None:
        return str(target)
    return f"AWS account {describe_account(target.client)} in {target.region}"


def is_terminal_input() -> bool:
    """Return whether a person can answer a question on standard input."""
    return sys.stdin.isatty()


def confirm(question: str, *, yes: bool) -> bool:
    """Ask the user a question and return whether the answer is yes; `yes` answers it in advance.

    Ends the command with exit code 2 if standard input is no terminal.
    """
    if yes:
        return True
    if not is_terminal_input():
        typer.echo(f"lamplighter: cannot ask “{question}” without a terminal: use --yes to confirm", err=True)
        raise typer.Exit(EXIT_NO_TERMINAL)
    return typer.confirm(question)


def confirm_or_exit(question: str, *, yes: bool) -> None:
    """Ask the user for confirmation; end the command with exit code 1 if the user declines."""
    if not confirm(question, yes=yes):
        typer.echo("nothing was changed")
        raise typer.Exit(1)


def pause_between_polls(target: Target) -> None:
    """Wait between two polls: longer for AWS, which limits the rate of calls, than for an engine."""
    sleep(2.0 if target.endpoint is None else 0.1)
