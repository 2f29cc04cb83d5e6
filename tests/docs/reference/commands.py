"""Make the page of the commands: their arguments, options and exit codes, from the code of the commands."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from lamplighter.cli.app import COMMANDS
from tests.docs.reference.command_options import Parameter, command_functions, command_parameters

HEAD = """# Commands

<!-- Made by `make reference` from the commands themselves. Do not edit this page. -->

`lamplighter COMMAND --help` shows the same. `lamplighter --install-completion` installs completion for your shell.
`--version` and `lamplighter version` print the version. Exit codes, where a command says nothing else: 0, or 1 with the
reason on the standard error, and 2 if the command line is wrong, or a question was necessary and standard input is no
terminal; 130 after Ctrl-C, while AWS continues.

`--json` is for programs. `diff`, `deploy` and `destroy` work on AWS unless you name an engine; the others work on
the engine of this folder unless you name another place.

"""
SHARED = ("--file", "--environment", "--endpoint-url", "--aws", "--profile", "--region", "--data")
"""The options of all commands about runs, which are described once."""
SHARED_HEAD = """## Where a command works

Without these options, a command works on the engine of this folder.

"""
REPEATED_HEAD = """## Of several commands

A command that names these arguments and options after *Also* takes them, or those of the next section.

"""
USUAL_CODES = (
    "2 the command line is wrong",
    "2 a wrong command line",
    "130 Ctrl-C, while AWS continues",
    "2 a question was necessary and standard input is no terminal",
)
"""What the head says of all commands."""
_EXIT_CODES = re.compile(r"Exit codes(?:, as those of diff\(1\))?: (.*)", re.DOTALL)


def page_text() -> str:
    """Return the page."""
    shared = [each for each in command_parameters(command_functions("ps")[""]) if each.names[0] in SHARED]
    sections = "".join(map(_section, COMMANDS))
    rows = list(map(_row, shared))
    repeated = "".join(each for each in _repeated_rows() if each not in rows)
    return f"{HEAD}{_contents()}{sections}{REPEATED_HEAD}{repeated}\n{SHARED_HEAD}{''.join(rows)}"


def _contents() -> str:
    """Return a row of links for each group of the help."""
    panels = groupby(COMMANDS, key=lambda name: COMMANDS[name].panel)
    rows = (f"| {panel} | {', '.join(f'[`{name}`](#{name})' for name in names)} |\n" for panel, names in panels)
    return f"| | |\n|---|---|\n{''.join(rows)}\n"


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
    repeated = _repeated_rows()
    listed = [*arguments, *own]
    if rows := [_row(each) for each in listed if _row(each) not in repeated]:
        yield "".join(rows).rstrip()
    names = [f"`{each.names[-1]}`" for each in listed if _row(each) in repeated]
    if more := [*names, *(["[where it works](#where-a-command-works)"] if shares else [])]:
        yield f"[Also](#of-several-commands): {', '.join(more)}"


@cache
def _repeated_rows() -> list[str]:
    """Return the rows that two commands or more have in common."""
    functions = [each for name in COMMANDS for each in command_functions(name).values()]
    counts = Counter(_row(each) for function in functions for each in command_parameters(function))
    # If a name has several meanings, the most frequent one counts; the others stand at their commands.
    by_name = {row.split("`")[1]: row for row, count in reversed(counts.most_common()) if count > 1}
    return [row for row in counts if row in by_name.values()]


def _row(each: Parameter) -> str:
    names = ", ".join(f"`{name} {each.value}`" if each.value else f"`{name}`" for name in each.names)
    default = f" Default: `{each.default}`." if each.default else ""
    text = each.help if each.help.endswith(".") else f"{each.help}."
    return f"- {names}: {text}{default}\n"


def _exit_codes(name: str) -> list[str]:
    text = sys.modules[f"lamplighter.cli.commands.{name}"].__doc__ or ""
    found = _EXIT_CODES.search(text)
    if found is None:
        return []
    codes, _, rest = " ".join(found[1].split()).partition(". ")
    items = (each.strip().rstrip(".") for each in codes.split(";"))
    listed = "; ".join(_code_item(each) for each in items if each not in USUAL_CODES)
    return [f"Exit codes: {listed}.{' ' + rest if rest else ''}"]


def _code_item(text: str) -> str:
    return re.sub(r"^(\d+) ", r"`\1` ", text)
