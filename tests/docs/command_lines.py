"""Find the `lamplighter` commands in lines for a shell, and check that the commands and options exist."""

import re
import shlex
from collections.abc import Iterator

from lamplighter.cli.app import COMMANDS
from tests.docs.reference.command_functions import command_functions
from tests.docs.reference.command_options import Parameter, command_parameters

SEPARATORS = {"&&", "||", "|", ";", "&", "(", ")", "do", "then", "else", "{"}
PREFIXES = {"sudo", "uvx", "exec", "time", "env", "!"}
GLOBAL_OPTIONS = {"--version", "--help", "--install-completion", "--show-completion"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def lamplighter_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each call of `lamplighter`, without the program's name."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&<>")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if word not in SEPARATORS:
                command.append(word)
                continue
            words = _without_prefixes(command)
            if words[:1] == ["lamplighter"]:
                yield words[1:]
            command = []


def _without_prefixes(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) and (words[at] in PREFIXES or _ASSIGNMENT.match(words[at])):
        at += 1
    return words[at:]


def find_command_problem(words: list[str]) -> str | None:
    """Return why the program would reject these words as a command line; None if it would not."""
    name, *rest = words or ["--help"]
    if name in {*GLOBAL_OPTIONS, "version"}:
        return None
    if name not in COMMANDS:
        return f"there is no command `{name}`"
    if COMMANDS[name].is_group:
        name, rest = f"{name} {rest[0]}" if rest else name, rest[1:]
    if name not in command_functions():
        return f"there is no command `{name}`"
    options = {each: found for found in command_parameters(command_functions()[name]) for each in found.names}
    return next((problem for problem in _option_problems(rest, options) if problem), None)


def _option_problems(words: list[str], options: dict[str, Parameter]) -> Iterator[str]:
    left = iter(words)
    for word in left:
        if word in ("--", ">", ">>", "<"):
            return
        if not word.startswith("-") or word in ("-", "--help"):
            continue
        name, equals, _ = word.partition("=")
        found = options.get(name) or (options.get(word[:2]) if not word.startswith("--") else None)
        if found is None or found.is_argument:
            yield f"there is no option `{name}`"
        elif found.value and not equals and word in found.names and next(left, None) is None:
            yield f"`{name}` has no value"
