"""The command `lamplighter`: a table of subcommands, which loads only the requested one.

Guarantees that a command loads only what it needs: `lamplighter version` and the list of commands load no engine and no
template. Exit codes: 0 success, 1 failure, which the output explains, 2 a wrong command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from lamplighter import __version__
from lamplighter.base.modules import load_object
from lamplighter.cli.option_groups import VARIABLE_PREFIX
from lamplighter.cli.wrong_options import PlainErrorGroup


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand; the module of its name in `cli/commands` holds a function of the same name."""

    help: str
    panel: str = "Commands"
    """The heading in the help."""
    is_group: bool = False
    """Whether the command has subcommands: the object is then a Typer."""

    def add(self, app: typer.Typer, name: str) -> None:
        """Import the command's module and add its function to the command line."""
        loaded = load_object(f"lamplighter.cli.commands.{name}:{name}")
        if self.is_group:
            app.add_typer(loaded, name=name, help=self.help, rich_help_panel=self.panel)
        else:
            settings = {"auto_envvar_prefix": VARIABLE_PREFIX if name == "up" else None}
            app.command(name, help=self.help, context_settings=settings, rich_help_panel=self.panel)(loaded)


COMMANDS: Mapping[str, Command] = {
    "init": Command("Create a first job file.", "Jobs"),
    "lint": Command("Check a job file, and suggest corrections.", "Jobs"),
    "schema": Command("Print the JSON Schema of job files, for editors.", "Jobs"),
    "run": Command("Start a run of a job now, and optionally follow it.", "Jobs"),
    "stop": Command("Stop a run.", "Jobs"),
    "redrive": Command("Continue a failed run from the state that failed.", "Jobs"),
    "rerun": Command("Start runs again with the same input, or all that failed.", "Jobs"),
    "next": Command("List the times at which jobs will run.", "Jobs"),
    "night": Command("List all runs since 18:00: what failed and why, what recovered, what runs.", "Look"),
    "ps": Command("List jobs: running runs, the last result and the next run.", "Look"),
    "logs": Command("Print the output of a run's containers.", "Look"),
    "history": Command("Show what happened in a run, attempt by attempt.", "Look"),
    "audit": Command("Print who did what on an engine.", "Look"),
    "console": Command("Serve the console for an AWS account or another engine.", "Look"),
    "ack": Command("Acknowledge failures, so that they no longer count as open.", "Alerts"),
    "alert": Command("Send a test alert to a channel.", "Alerts"),
    "up": Command(
        "Run the jobs of a file here, and serve the AWS APIs on one port.\n\nEach option has a variable, such as "
        "LAMPLIGHTER_PORT for --port. An option wins over its variable, and that over the job file.",
        "Engine",
    ),
    "service": Command("Let systemd run `up` from boot on, and restart it after a failure.", "Engine", is_group=True),
    "prune": Command("Delete what need not be kept, and show what the rest takes.", "Engine"),
    "users": Command("Manage who may log in to the console.", "Engine", is_group=True),
    "backup": Command("Write a backup of this folder's engine into a file, while it runs or not.", "Engine"),
    "restore": Command("Restore a backup into a data directory.", "Engine"),
    "check": Command("Check the files of a data directory for damage and leftovers.", "Engine"),
    "doctor": Command("Check this machine, your credentials and permissions for problems.", "Engine"),
    "synth": Command("Print the CloudFormation template of a job file.", "AWS"),
    "diff": Command("Show what deploying would change.", "AWS"),
    "status": Command("Say whether a deployment on AWS works.", "AWS"),
    "deploy": Command("Deploy a job file to AWS.", "AWS"),
    "move": Command("Move the jobs of this box to AWS or back, so that each slot runs once.", "AWS"),
    "rollback": Command("Return to the job file that was deployed before.", "AWS"),
    "destroy": Command("Delete a deployment.", "AWS"),
}
"""The commands, in the order of the help."""


def requested_command(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return the command that a command line names, or that the shell asks to complete; None if there is none."""
    completed = environment.get("COMP_WORDS", environment.get("_TYPER_COMPLETE_ARGS", ""))
    typed = completed.split()[1:] if "_LAMPLIGHTER_COMPLETE" in environment else words
    return next((word for word in typed if not word.startswith("-")), None)


def build_app(command: str | None) -> typer.Typer:
    """Build the command line with the function of one command; the other commands are only listed in the help."""
    app = typer.Typer(
        name="lamplighter",
        cls=PlainErrorGroup,
        help="Scheduled container jobs with retries, timeouts and failure alerts.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    for name, each in COMMANDS.items():
        if name == command:
            each.add(app, name)
        else:
            app.command(name, help=each.help, rich_help_panel=each.panel)(_placeholder_command)
    app.command(rich_help_panel="Engine")(version)
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


def _placeholder_command() -> None:
    """Stand in for a command that was not requested, so that the help lists it."""


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
