"""Say in a plain sentence what is wrong with the value of an option or an argument.

Typer shows the texts of the library with which it checks values, such as "Value error, 'x' is not one of …" and "Input
should be a valid integer, unable to parse string as an integer". https://docs.pydantic.dev/latest/errors/validation_errors/
lists them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import typer
from typer.core import TyperGroup

from lamplighter.base.json_text import Json

LIBRARY_PREFIX = "Value error, "
INPUT = "Input "
"""How the library calls the value."""


class PlainErrorGroup(TyperGroup):
    """A group of commands that reports wrong values of their options in plain sentences.

    The help names no type for a flag, which takes no value.
    """

    def get_command(self, ctx: Json, cmd_name: str) -> Json:
        """Return a command."""
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            _hide_types_of_flags(found, ctx)
        return found

    def format_help(self, ctx: Json, formatter: Json) -> None:
        """Write the help."""
        _hide_types_of_flags(self, ctx)
        super().format_help(ctx, formatter)

    def invoke(self, ctx: object) -> object:
        """Run the command that the command line names."""
        try:
            return super().invoke(cast("typer.Context", ctx))
        except typer.BadParameter as error:
            error.message = plain_sentence(error)
            raise


def _hide_types_of_flags(command: Json, ctx: Json) -> None:
    for each in command.get_params(ctx):
        if getattr(each, "is_bool_flag", False):
            each.metavar = ""
    for each in getattr(command, "commands", {}).values():
        _hide_types_of_flags(each, ctx)


def plain_sentence(error: typer.BadParameter) -> str:
    """Return what is wrong with a value, without words about the library that found it."""
    text = error.message.removeprefix(LIBRARY_PREFIX)
    if not text.startswith(INPUT):
        return text
    # The rest of the sentence says how the library failed to convert the text.
    return f"{_given_value(error)} {text.removeprefix(INPUT).partition(', unable to')[0]}."


def _given_value(error: typer.BadParameter) -> str:
    """Return the value that was refused, as the library recorded it."""
    list_errors: Callable[[], Sequence[Mapping[str, object]]] = getattr(error.__cause__, "errors", list)
    found = list_errors()
    return repr(found[0]["input"]) if found else "the value"
