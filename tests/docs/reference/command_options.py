"""Read the arguments and options of a command from the signature of its function, as typer does."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, get_args, get_origin

import typer
from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or an option of a command."""

    names: tuple[str, ...]
    """The option's names, such as --follow and -f; of an argument, its placeholder."""
    value: str
    """The placeholder of the option's value; empty for a switch."""
    default: str
    help: str
    is_argument: bool


def command_functions(name: str) -> dict[str, Callable[..., None]]:
    """Return the function of a command; of a command with subcommands, each function by the subcommand's name."""
    loaded = load_object(f"lamplighter.cli.commands.{name}:{name}")
    if not isinstance(loaded, typer.Typer):
        return {"": loaded}
    found = [(each.name, each.callback) for each in loaded.registered_commands]
    return {given or made.__name__.replace("_", "-"): made for given, made in found if made is not None}


def command_parameters(function: Callable[..., None]) -> list[Parameter]:
    """Return the arguments and options of a command in the order of its help."""
    return list(_parameters(function))


def _parameters(function: Callable[..., None]) -> Iterator[Parameter]:
    for each in inspect.signature(function, eval_str=True).parameters.values():
        if each.annotation is typer.Context:
            continue
        assert get_origin(each.annotation) is Annotated
        kind, info = get_args(each.annotation)
        assert isinstance(info, ParameterInfo)
        if isinstance(info, ArgumentInfo):
            name = (info.metavar or each.name.upper()).strip("[]").replace("|", "/")
            name = name if each.default is inspect.Parameter.empty else f"[{name}]"
            yield Parameter((name,), "", _default_text(each.default, info), info.help or "", is_argument=True)
        else:
            assert isinstance(info, OptionInfo)
            yield _option(each.name, kind, each.default, info)


def _option(name: str, kind: Json, default: Json, info: OptionInfo) -> Parameter:
    # Within Annotated, typer has the first of the given names as the default.
    given = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    spelled = f"--{name.replace('_', '-')}"
    is_switch = kind in (bool, bool | None)
    if is_switch and not given:
        names: tuple[str, ...] = (spelled, f"--no-{spelled[2:]}")
    else:
        names = tuple(part for each in given or [spelled] for part in each.split("/"))
    value = "" if is_switch else info.metavar or _placeholder(kind)
    return Parameter(names, value, _default_text(default, info), info.help or "", is_argument=False)


def _placeholder(kind: Json) -> str:
    inner = [each for each in get_args(kind) if each is not type(None)]
    if inner:
        return _placeholder(inner[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "/".join(str(each.value) for each in kind)
    return {Path: "PATH", int: "NUMBER", float: "NUMBER"}.get(kind, "TEXT")


def _default_text(default: Json, info: ParameterInfo) -> str:
    if default in (None, inspect.Parameter.empty, "", False) or info.show_default is False:
        return ""
    if isinstance(default, bool):
        return "on"
    return str(default.value if isinstance(default, Enum) else default)
