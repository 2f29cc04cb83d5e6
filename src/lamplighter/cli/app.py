"""The command `lamplighter`."""

import typer

from lamplighter import __version__
from lamplighter.cli.up import up

app = typer.Typer(
    name="lamplighter",
    help="Scheduled container jobs with retries, timeouts and failure alerts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
