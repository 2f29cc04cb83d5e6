"""Parse the conditions of filter patterns and combine them: `name operator value`, `&&`, `||` and parentheses.

"Compound expressions support the use of parentheses and the following standard order of operations: () > && > ||". The
caller parses the single conditions, so this module does not know what their left side may be.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from lamplighter.lang.log_pattern.terms import invalid_pattern

S = TypeVar("S")
Condition = Callable[[S], bool]
"""A test whether a subject (a JSON document, or one field of a line) meets a condition."""

DEEPEST = 64
"""The deepest nesting of parentheses."""

MOST_EXPRESSIONS = 2

SPACE = re.compile(r"\s*")
OPERATOR = re.compile(r"!=|>=|<=|=|>|<")
OPERAND = re.compile(r'"(?:[^"\\]|\\.)*"|%[^%]*%|[^\s()&|,\]}"%=<>!]+')


class Scanner:
    """A reader of a pattern's text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._expressions = 0
        self._skip()

    def take(self, pattern: "re.Pattern[str]") -> str | None:
        """Read the text that matches here and the spaces after it; return the text, or None if nothing matches."""
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        self._skip()
        return found[0]

    def need(self, pattern: "re.Pattern[str]") -> str:
        """Read and return the text that must match here. Raises `InvalidPattern`."""
        found = self.take(pattern)
        if found is None:
            raise invalid_pattern()
        return found

    def operand(self) -> str:
        """Read the value that a condition compares with; there is "a limit of 2 regex for each filter pattern"."""
        found = self.need(OPERAND)
        self._expressions += found.startswith("%")
        if self._expressions > MOST_EXPRESSIONS:
            raise invalid_pattern()
        return found

    def ended(self) -> bool:
        """Return whether the whole text has been read."""
        return self._at == len(self._text)

    def _skip(self) -> None:
        found = SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()


AND, OR = re.compile("&&"), re.compile(r"\|\|")
OPEN, CLOSE = re.compile(r"\("), re.compile(r"\)")


class Conditions(Generic[S]):
    """A parser of compound conditions; `single` parses each single condition."""

    def __init__(self, scanner: Scanner, single: Callable[[Scanner], Condition[S]]) -> None:
        self._scanner = scanner
        self._single = single
        self._depth = 0

    def read(self) -> Condition[S]:
        """Parse one condition, or several that operators and parentheses combine."""
        found = [self._all()]
        while self._scanner.take(OR):
            found.append(self._all())
        return found[0] if len(found) == 1 else lambda subject: any(each(subject) for each in found)

    def _all(self) -> Condition[S]:
        found = [self._one()]
        while self._scanner.take(AND):
            found.append(self._one())
        return found[0] if len(found) == 1 else lambda subject: all(each(subject) for each in found)

    def _one(self) -> Condition[S]:
        if not self._scanner.take(OPEN):
            return self._single(self._scanner)
        self._depth += 1
        if self._depth > DEEPEST:
            raise invalid_pattern()
        inside = self.read()
        self._scanner.need(CLOSE)
        self._depth -= 1
        return inside
