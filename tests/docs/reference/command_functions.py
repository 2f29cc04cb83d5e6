"""Find the functions of all commands, with the subcommands of the groups."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache

from lamplighter.base.modules import load_object
from lamplighter.cli.app import COMMANDS


@cache
def command_functions() -> dict[str, Callable[..., None]]:
    """Return the functions by the names of the commands; that of a subcommand is `service install`."""
    return dict(_functions())


def _functions() -> Iterator[tuple[str, Callable[..., None]]]:
    for name, each in COMMANDS.items():
        loaded = load_object(f"lamplighter.cli.commands.{name}:{name}")
        if not each.is_group:
            yield name, loaded
            continue
        for command in loaded.registered_commands:
            yield f"{name} {command.name or command.callback.__name__}", command.callback


def command_help(name: str) -> str:
    """Return what a command does, in one line."""
    if name in COMMANDS:
        return COMMANDS[name].help
    text = inspect.getdoc(command_functions()[name]) or ""
    return " ".join(text.partition("\n\n")[0].split())
