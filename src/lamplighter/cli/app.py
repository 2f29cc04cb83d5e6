"""The command `lamplighter`: a table of verbs, of which the one that is asked for is loaded.

Promises that a verb costs what it needs itself: `lamplighter version` loads no engine and no template, and neither does
the list of verbs. Exit codes: 0 all is well, 1 it is not and the output says why, 2 the command line makes no sense.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from lamplighter import __version__
from lamplighter.base.modules import load_module


@dataclass(frozen=True, slots=True)
class Command:
    """One verb: a module of this package holds a function of its name."""

    help: str

    def load(self, name: str) -> Callable[..., None]:
        """The function that does it."""
        function: Callable[..., None] = getattr(load_module(f"lamplighter.cli.commands.{name}"), name)
        return function


COMMANDS: Mapping[str, Command] = {
    "init": Command("Write a job file to begin with."),
    "up": Command("Run the jobs of a file here, and serve the AWS APIs on one port."),
    "run": Command("Begin a run of a job now, and watch it if you like."),
    "ps": Command("List jobs: what runs now, how the last run ended, when the next one begins."),
    "logs": Command("Print what the containers of a run wrote."),
    "history": Command("Tell what happened in a run, attempt by attempt."),
    "stop": Command("Stop a run."),
    "redrive": Command("Let a run that failed go on from where it failed."),
    "next": Command("List the times at which jobs will run."),
    "console": Command("Show the console, over AWS or an engine somewhere else."),
    "lint": Command("Check a job file, and say what to write instead."),
    "synth": Command("Print the CloudFormation template that a job file comes to."),
    "diff": Command("Show what deploying would change."),
    "deploy": Command("Deploy a job file to AWS."),
    "destroy": Command("Take a deployment back."),
    "doctor": Command("Look for what is wrong: on this box, with credentials, with permissions."),
    "schema": Command("Print the JSON Schema of job files, for editors."),
}


def requested_command(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The verb of a command line, or of the one that a shell wants completed."""
    completed = environment.get("COMP_WORDS", environment.get("_TYPER_COMPLETE_ARGS", ""))
    typed = completed.split()[1:] if "_LAMPLIGHTER_COMPLETE" in environment else words
    return next((word for word in typed if not word.startswith("-")), None)


def build_app(verb: str | None) -> typer.Typer:
    """The command line, ready to do one verb; the others are there to be listed."""
    app = typer.Typer(
        name="lamplighter",
        help="Scheduled container jobs with retries, timeouts and failure alerts.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    for name, each in COMMANDS.items():
        app.command(name, help=each.help)(each.load(name) if name == verb else _listed)
    app.command()(version)
    return app


def _print_version(asked_for: bool) -> None:  # noqa: FBT001 - typer's way
    if asked_for:
        version()
        raise typer.Exit


def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Scheduled container jobs with retries, timeouts and failure alerts."""


def _listed() -> None:
    """Stands for a verb that nobody asked for."""


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
