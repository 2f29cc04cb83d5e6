"""Parse the conditions of filter patterns and combine them: `name operator value`, `&&`, `||` and parentheses.

"Compound expressions support the use of parentheses and the following standard order of operations: () > && > ||". The
caller parses the single conditions, so this module does not know what their left side may be.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from lamplighter.base.errors import require
from lamplighter.lang.log_pattern.terms import log_pattern_error

S = TypeVar("S")
Condition = Callable[[S], bool]
"""A test whether a subject (a JSON document, or one field of a line) meets a condition."""

MAX_DEPTH = 64
"""The deepest nesting of parentheses."""

MAX_REGEXES = 2

SPACE = re.compile(r"\s*")
OPERATOR = re.compile(r"!=|>=|<=|=|>|<")
OPERAND = re.compile(r'"(?:[^"\\]|\\.)*"|%[^%]*%|[^\s()&|,\]}"%=<>!]+')


class Scanner:
    """A reader of a pattern's text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._regex_count = 0
        self._skip_spaces()

    def take(self, pattern: "re.Pattern[str]") -> str | None:
        """Read the text that matches here and the spaces after it; return the text, or None if nothing matches."""
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        self._skip_spaces()
        return found[0]

    def require(self, pattern: "re.Pattern[str]") -> str:
        """Read and return the text that must match here. Raises `LogPatternError`."""
        return require(self.take(pattern), log_pattern_error)

    def operand(self) -> str:
        """Read the value that a condition compares with; there is "a limit of 2 regex for each filter pattern"."""
        found = self.require(OPERAND)
        self._regex_count += found.startswith("%")
        if self._regex_count > MAX_REGEXES:
            raise log_pattern_error()
        return found

    def is_at_end(self) -> bool:
        """Return whether the whole text has been read."""
        return self._at == len(self._text)

    def _skip_spaces(self) -> None:
        found = SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()


AND, OR = re.compile("&&"), re.compile(r"\|\|")
OPEN, CLOSE = re.compile(r"\("), re.compile(r"\)")


class ConditionParser(Generic[S]):
    """A parser of compound conditions; `single` parses each single condition."""

    def __init__(self, scanner: Scanner, single: Callable[[Scanner], Condition[S]]) -> None:
        self._scanner = scanner
        self._single = single
        self._depth = 0

    def parse(self) -> Condition[S]:
        """Parse one condition, or several that operators and parentheses combine."""
        found = [self._parse_conjunction()]
        while self._scanner.take(OR):
            found.append(self._parse_conjunction())
        return found[0] if len(found) == 1 else lambda subject: any(each(subject) for each in found)

    def _parse_conjunction(self) -> Condition[S]:
        found = [self._parse_single()]
        while self._scanner.take(AND):
            found.append(self._parse_single())
        return found[0] if len(found) == 1 else lambda subject: all(each(subject) for each in found)

    def _parse_single(self) -> Condition[S]:
        if not self._scanner.take(OPEN):
            return self._single(self._scanner)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise log_pattern_error()
        inside = self.parse()
        self._scanner.require(CLOSE)
        self._depth -= 1
        return inside
