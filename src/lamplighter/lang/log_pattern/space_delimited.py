"""Compile filter patterns for space-delimited log events: `[ip, user, ..., status = 4*, bytes]`.

"Characters between brackets and double quotation marks are considered single fields." "Ellipsis can reference as many
fields as needed." Without an ellipsis, the last field holds the rest of the line: `[w1=ERROR, w2]` "returns log events
where the first word is ERROR", however many words follow.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.lang.log_pattern.conditions import OPERATOR, Condition, ConditionParser, Scanner
from lamplighter.lang.log_pattern.terms import compile_condition, log_pattern_error

WORD = re.compile(r'\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S+')
NAME = re.compile(r"[A-Za-z_0-9][A-Za-z0-9_-]*")
ELLIPSIS = re.compile(r"\.\.\.")
COMMA = re.compile(",")


@dataclass(frozen=True, slots=True)
class PatternField:
    """One field of a pattern."""

    name: str
    condition: Condition[str] | None = None


def compile_space_delimited(pattern: str) -> Callable[[str], Mapping[str, str] | None]:
    """Compile a pattern in brackets to a function that returns a matching message's fields by name, or None."""
    before, after = _parse_fields(Scanner(pattern[1:-1]))

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
    return [_strip_brackets(found[0]) for found in WORD.finditer(message)]


def _words_and_rest(message: str, most: int) -> list[str]:
    """Return at most `most` words of a message; if the message has more, the last one holds the rest of the line."""
    found = list(WORD.finditer(message))
    if len(found) <= most:
        return [_strip_brackets(each[0]) for each in found]
    return [_strip_brackets(each[0]) for each in found[: most - 1]] + [message[found[most - 1].start() :].rstrip()]


def _strip_brackets(word: str) -> str:
    """Return a field without the brackets or quotation marks around it."""
    return word[1:-1] if len(word) > 1 and word[0] + word[-1] in ("[]", '""') else word


def _parse_fields(scanner: Scanner) -> tuple[list[PatternField], list[PatternField] | None]:
    """Read the fields before the ellipsis, and those after it or None if there is none. `[]` is only an ellipsis."""
    before: list[PatternField] = []
    after: list[PatternField] | None = None
    if scanner.is_at_end():
        return before, []
    while True:
        if scanner.take(ELLIPSIS):
            if after is not None:
                raise log_pattern_error()
            after = []
        else:
            (before if after is None else after).append(_parse_field(scanner))
        if scanner.is_at_end():
            break
        if not scanner.take(COMMA):
            raise log_pattern_error()
    names = [field.name for field in [*before, *(after or ())]]
    if len(set(names)) < len(names):
        raise log_pattern_error()
    return before, after


def _parse_field(scanner: Scanner) -> PatternField:
    """Read a name, or conditions that all use the same name."""
    names: list[str] = []
    conditions: list[Condition[str]] = []

    def single(here: Scanner) -> Condition[str]:
        names.append(here.require(NAME))
        operator = here.take(OPERATOR)
        if operator is None:
            return lambda _value: True
        conditions.append(compile_condition(operator, here.operand()))
        return conditions[-1]

    condition = ConditionParser(scanner, single).parse()
    if len(set(names)) > 1 or (len(names) > 1 and len(conditions) < len(names)):
        raise log_pattern_error()
    return PatternField(names[0], condition if conditions else None)
