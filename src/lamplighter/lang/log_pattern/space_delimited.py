"""Compile filter patterns for space-delimited log events: `[ip, user, ..., status = 4*, bytes]`.

"Characters between brackets and double quotation marks are considered single fields." "Ellipsis can reference as many
fields as needed." Without an ellipsis, the last field holds the rest of the line: `[w1=ERROR, w2]` "returns log events
where the first word is ERROR", however many words follow.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.lang.log_pattern.conditions import OPERATOR, Condition, Conditions, Scanner
from lamplighter.lang.log_pattern.terms import compile_test, invalid_pattern

WORD = re.compile(r'\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S+')
NAME = re.compile(r"[A-Za-z_0-9][A-Za-z0-9_-]*")
ELLIPSIS = re.compile(r"\.\.\.")
COMMA = re.compile(",")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a pattern."""

    name: str
    condition: Condition[str] | None = None


def compile_fields(pattern: str) -> Callable[[str], Mapping[str, str] | None]:
    """Compile a pattern in brackets to a function that returns a matching message's fields by name, or None."""
    before, after = _read(Scanner(pattern[1:-1]))

    def match(message: str) -> Mapping[str, str] | None:
        words = _words(message) if after is not None else _words_and_rest(message, len(before))
        behind = len(words) - len(after or ())
        if behind < len(before):
            return None
        bound = [*zip(before, words, strict=False), *zip(after or (), words[behind:], strict=True)]
        if not all(field.condition is None or field.condition(word) for field, word in bound):
            return None
        skipped = {f"${at + 1}": words[at] for at in range(len(before), behind)}
        return skipped | {f"${field.name}": word for field, word in bound}

    return match


def _words(message: str) -> list[str]:
    return [_bare(found[0]) for found in WORD.finditer(message)]


def _words_and_rest(message: str, most: int) -> list[str]:
    """Return at most `most` words of a message; if the message has more, the last one holds the rest of the line."""
    found = list(WORD.finditer(message))
    if len(found) <= most:
        return [_bare(each[0]) for each in found]
    return [_bare(each[0]) for each in found[: most - 1]] + [message[found[most - 1].start() :].rstrip()]


def _bare(word: str) -> str:
    """Return a field without the brackets or quotation marks around it."""
    return word[1:-1] if len(word) > 1 and word[0] + word[-1] in ("[]", '""') else word


def _read(scanner: Scanner) -> tuple[list[Field], list[Field] | None]:
    """Read the fields before the ellipsis, and those after it or None if there is none. `[]` is only an ellipsis."""
    before: list[Field] = []
    after: list[Field] | None = None
    if scanner.ended():
        return before, []
    while True:
        if scanner.take(ELLIPSIS):
            if after is not None:
                raise invalid_pattern()
            after = []
        else:
            (before if after is None else after).append(_field(scanner))
        if scanner.ended():
            break
        if not scanner.take(COMMA):
            raise invalid_pattern()
    names = [field.name for field in [*before, *(after or ())]]
    if len(set(names)) < len(names):
        raise invalid_pattern()
    return before, after


def _field(scanner: Scanner) -> Field:
    """Read a name, or conditions that all use the same name."""
    names: list[str] = []
    conditions: list[Condition[str]] = []

    def single(here: Scanner) -> Condition[str]:
        names.append(here.need(NAME))
        operator = here.take(OPERATOR)
        if operator is None:
            return lambda _value: True
        conditions.append(compile_test(operator, here.operand()))
        return conditions[-1]

    condition = Conditions(scanner, single).read()
    if len(set(names)) > 1 or (len(names) > 1 and len(conditions) < len(names)):
        raise invalid_pattern()
    return Field(names[0], condition if conditions else None)
