"""Make the page of the commands: their arguments, options and exit codes, from the code of the commands."""

import re
import sys
from collections.abc import Iterator

from lamplighter.cli.app import COMMANDS
from tests.docs.reference.command_options import Parameter, command_functions, command_parameters

HEAD = """# Commands

<!-- Made by `make reference` from the commands themselves. Do not edit this page. -->

`lamplighter COMMAND --help` shows the same. `lamplighter --install-completion` installs completion for your shell.
`--version` and `lamplighter version` print the version.

`--json` is for programs. `diff`, `deploy` and `destroy` work on AWS unless you name an engine; the others work on
the engine of this folder unless you name another place.

Where a command takes a run, name it by its job (its latest run), by its own name, by `JOB:NAME`, or by its ARN.

"""
SHARED = ("--file", "--environment", "--endpoint-url", "--aws", "--profile", "--region", "--data")
"""The options of all commands about runs, which are described once."""
SHARED_HEAD = """## Where a command works

These options belong to every command that has the line *and [where it works](#where-a-command-works)*. Without them, a
command works on the engine of this folder.

"""
_EXIT_CODES = re.compile(r"Exit codes(?:, as those of diff\(1\))?: (.*)", re.DOTALL)


def page_text() -> str:
    """Return the page."""
    shared = [each for each in command_parameters(command_functions("ps")[""]) if each.names[0] in SHARED]
    sections = "".join(map(_section, COMMANDS))
    table = "".join(f"| [`{name}`](#{name}) | {each.help.splitlines()[0]} |\n" for name, each in COMMANDS.items())
    return f"{HEAD}| | |\n|---|---|\n{table}\n{sections}{SHARED_HEAD}{_table(shared)}"


def _section(name: str) -> str:
    parts = [f"## {name}", COMMANDS[name].help]
    for subcommand, function in command_functions(name).items():
        if subcommand:
            parts += [f"### {name} {subcommand}", (function.__doc__ or "").split("\n")[0]]
        parts += _usage_and_options(f"{name} {subcommand}".strip(), command_parameters(function))
    return "\n\n".join([*parts, *_exit_codes(name)]) + "\n\n"


def _usage_and_options(command: str, parameters: list[Parameter]) -> Iterator[str]:
    arguments = [each for each in parameters if each.is_argument]
    options = [each for each in parameters if not each.is_argument]
    shares = {each.names[0] for each in options} >= set(SHARED)
    own = [each for each in options if not shares or each.names[0] not in SHARED]
    words = ["lamplighter", command, *(["[OPTIONS]"] if options else []), *(each.names[0] for each in arguments)]
    yield f"```text\n{' '.join(words)}\n```"
    if arguments or own:
        yield _table([*arguments, *own]).rstrip()
    if shares:
        yield "… and [where it works](#where-a-command-works)"


def _table(parameters: list[Parameter]) -> str:
    return "| | |\n|---|---|\n" + "".join(map(_row, parameters))


def _row(each: Parameter) -> str:
    names = ", ".join(f"`{name} {each.value}`" if each.value else f"`{name}`" for name in each.names)
    default = f" Default: `{each.default}`." if each.default else ""
    text = each.help if each.help.endswith(".") else f"{each.help}."
    return f"| {names} | {text}{default} |\n"


def _exit_codes(name: str) -> list[str]:
    text = sys.modules[f"lamplighter.cli.commands.{name}"].__doc__ or ""
    found = _EXIT_CODES.search(text)
    if found is None:
        return ["Exit codes: 0, or 1 with the reason on the standard error."]
    codes, _, rest = " ".join(found[1].split()).partition(". ")
    items = "".join(f"\n- {_code_item(each.strip().rstrip('.'))}" for each in codes.split(";"))
    return [f"Exit codes:\n{items}{chr(10) * 2 + rest if rest else ''}"]


def _code_item(text: str) -> str:
    return re.sub(r"^(\d+) ", r"`\1` ", text)
