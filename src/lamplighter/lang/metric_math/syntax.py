"""Parse expressions of metric math into a tree.

`^` binds strongest, then the sign, `* /`, `+ -`, comparisons, AND, OR. Rejects what is nested more than `MAX_DEPTH`
levels deep. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.number_text import parse_decimal

MAX_DEPTH = 50
"""The most levels of nested brackets and signs."""
MAX_OPERATORS = 400
"""The most operators of an expression: `a + b + c` is a tree that is as deep as it has operators."""
KEYWORDS = frozenset({"REPEAT", "LINEAR", "AVG", "MAX", "MIN", "SUM", "ASC", "DESC"})
"""The words that stand for themselves where a function takes them, such as in FILL(m1, REPEAT)."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)|(?P<name>[A-Za-z_]\w*)"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<sign>&&|\|\||[<>=!]=|[-+*/^<>()\[\],]))",
    re.ASCII,
)
_LEVELS: tuple[dict[str, str], ...] = (
    {"OR": "OR", "||": "OR"},
    {"AND": "AND", "&&": "AND"},
    {sign: sign for sign in ("==", "!=", "<=", ">=", "<", ">")},
    {sign: sign for sign in ("+", "-")},
    {sign: sign for sign in ("*", "/")},
)
"""The operators by how strongly they bind, the weakest first, with their names in the tree."""


class MetricMathError(LamplighterError):
    """An expression that is wrong: its syntax, its names, or the types of its values."""


class UnsupportedFunction(MetricMathError):
    """An expression that calls a function of AWS that this engine does not have."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query, or a keyword of a function."""

    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    function: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and their operator; a sign is the operator of 0 and its operand."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Array:
    """An array of time series: `[m1, m2]`."""

    items: "tuple[Node, ...]"


Node = Number | Text | Name | Call | Operation | Array


def parse_expression(text: str) -> Node:
    """Parse an expression. Raises `MetricMathError`."""
    parser = _Parser(_tokens(text))
    node = parser.parse_level(0)
    parser.expect_end()
    return node


def names_in(node: Node) -> Iterator[str]:
    """Yield the ids that an expression names; keywords are among them."""
    match node:
        case Name(value):
            yield value
        case Call(_, children) | Array(children):
            for child in children:
                yield from names_in(child)
        case Operation(_, left, right):
            yield from names_in(left)
            yield from names_in(right)


def functions_in(node: Node) -> Iterator[str]:
    """Yield the functions that an expression calls."""
    match node:
        case Call(function, children):
            yield function
            for child in children:
                yield from functions_in(child)
        case Array(children):
            for child in children:
                yield from functions_in(child)
        case Operation(_, left, right):
            yield from functions_in(left)
            yield from functions_in(right)


def _tokens(text: str) -> list[Number | Text | str]:
    """Return numbers, texts, and names and signs as plain strings."""
    found, at = list[Number | Text | str](), 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise MetricMathError(f"Unexpected character at: {text[at : at + 20].strip()}")
        at, kind = match.end(), match.lastgroup
        value = match[kind or 0]
        if kind == "number":
            found.append(_number(value))
        elif kind in ("single", "double"):
            found.append(Text(value))
        else:
            found.append(value)
    return found


def _number(text: str) -> Number:
    try:
        return Number(parse_decimal(text))
    except ValueError:
        raise MetricMathError(f"The number {text} is too large.") from None


class _Parser:
    def __init__(self, tokens: list[Number | Text | str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._operators = 0

    def _peek(self) -> Number | Text | str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _accept(self, sign: str) -> bool:
        found = self._peek() == sign
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise MetricMathError(f"Expected '{sign}' {self._place()}")

    def _place(self) -> str:
        part = self._peek()
        if part is None:
            return "at the end of the expression."
        return f"before: {part if isinstance(part, str) else part.value}"

    def expect_end(self) -> None:
        """Raise `MetricMathError` unless all tokens are consumed."""
        if self._peek() is not None:
            raise MetricMathError(f"Unexpected text {self._place()}")

    def parse_level(self, level: int) -> Node:
        """Parse the operators of a level and of the stronger ones."""
        if level == len(_LEVELS):
            return self._parse_sign()
        node = self.parse_level(level + 1)
        while isinstance(part := self._peek(), str) and part in _LEVELS[level]:
            self._at += 1
            self._operators += 1
            if self._operators > MAX_OPERATORS:
                raise MetricMathError(f"The expression has more than {MAX_OPERATORS} operators.")
            node = Operation(_LEVELS[level][part], node, self.parse_level(level + 1))
        return node

    def _parse_sign(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MetricMathError(f"The expression is nested more than {MAX_DEPTH} levels deep.")
        if self._accept("-"):
            node: Node = Operation("-", Number(0.0), self._parse_sign())
        elif self._accept("+"):
            node = self._parse_sign()
        else:
            node = self._parse_operand()
            if self._accept("^"):
                node = Operation("^", node, self._parse_sign())
        self._depth -= 1
        return node

    def _parse_operand(self) -> Node:
        part = self._peek()
        self._at += 1
        if isinstance(part, Number | Text):
            return part
        if part == "(":
            node = self.parse_level(0)
            self._expect(")")
            return node
        if part == "[":
            return Array(self._parse_list("]"))
        if part is None or not (part[0].isalpha() or part[0] == "_"):
            self._at -= 1
            raise MetricMathError(f"Expected a value {self._place()}")
        return Call(part.upper(), self._parse_list(")")) if self._accept("(") else Name(part)

    def _parse_list(self, end: str) -> tuple[Node, ...]:
        if self._accept(end):
            return ()
        found = [self.parse_level(0)]
        while self._accept(","):
            found.append(self.parse_level(0))
        self._expect(end)
        return tuple(found)
