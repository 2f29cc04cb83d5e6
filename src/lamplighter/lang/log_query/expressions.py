"""Parse expressions of queries into functions of a row.

Guarantees a bounded depth, and linear matching of regular expressions (`lang/regex.py`); a text that is too long for
an expression does not match. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
and https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lamplighter.base.errors import require
from lamplighter.lang.log_query.functions import FUNCTIONS
from lamplighter.lang.log_query.periods import Period, read_period
from lamplighter.lang.log_query.rows import Row
from lamplighter.lang.log_query.scanner import QueryError, Scanner, Token, read_path
from lamplighter.lang.log_query.values import (
    COMPARISONS,
    Value,
    calculate,
    from_number,
    is_equal,
    is_true,
    to_number,
    to_text,
    without_structure,
)
from lamplighter.lang.regex import InvalidRegex, Regex, TextTooLong, compile_linear

MAX_DEPTH = 60
"""The most levels of brackets and operators."""
TIME_FUNCTIONS = ("bin", "datefloor", "dateceil")
_SUMS, _PRODUCTS = ("+", "-"), ("*", "/", "%")

T = TypeVar("T")
Evaluate = Callable[[Row], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, and how it is written, which names its column."""

    text: str
    evaluate: Evaluate


def compile_query_regex(text: str, token: Token) -> Regex:
    """Compile a regular expression of a query. Raises `QueryError`."""
    try:
        return compile_linear(text.replace("(?<", "(?P<") if "(?<=" not in text and "(?<!" not in text else text)
    except InvalidRegex as error:
        raise QueryError(str(error), token.start, token.end) from None


class ExpressionParser:
    """Parses the expressions of one query. `now` is the time of its start in milliseconds since the epoch, `window`
    the range of its events.
    """

    def __init__(self, scanner: Scanner, now: int, window: tuple[int, int]) -> None:
        self._scanner = scanner
        begin, end = window
        self._times = {
            "now": now // 1000,
            "querystarttime": begin,
            "queryendtime": end,
            "querytimerange": end - begin,
        }
        self._depth = 0

    def parse(self) -> Expression:
        """Parse an expression as long as it goes. Raises `QueryError`."""
        start = self._scanner.peek().start
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._scanner.error("the expression is nested too deeply")
        evaluate = self._or()
        self._depth -= 1
        return Expression(self._scanner.text[start : self._scanner.end].strip(), evaluate)

    def _or(self) -> Evaluate:
        parts = self._separated(self._and, "or")
        return parts[0] if len(parts) == 1 else lambda row: int(any(is_true(part(row)) for part in parts))

    def _and(self) -> Evaluate:
        parts = self._separated(self._not, "and")
        return parts[0] if len(parts) == 1 else lambda row: int(all(is_true(part(row)) for part in parts))

    def _not(self) -> Evaluate:
        count = 0
        while self._scanner.accept("not"):
            count += 1
        inner = self._comparison()
        if not count:
            return inner
        return lambda row: int(is_true(inner(row)) == (count % 2 == 0))

    def _comparison(self) -> Evaluate:
        one = self._sum()
        if operator := self._scanner.accept(*COMPARISONS):
            compare, other = COMPARISONS[operator], self._sum()
            return lambda row: int(compare(one(row), other(row)))
        if self._scanner.accept("=~"):
            return self._match(one)
        negated = bool(self._scanner.accept("not"))
        if self._scanner.accept("like"):
            found = self._match(one)
        elif self._scanner.accept("in"):
            found = self._membership(one)
        elif negated:
            raise self._scanner.error("'like' or 'in' is missing")
        else:
            return one
        return (lambda row: int(not found(row))) if negated else found

    def _match(self, one: Evaluate) -> Evaluate:
        """Parse what follows `like` or `=~`: a regular expression between slashes, or a text that is contained."""
        token = self._scanner.peek()
        pattern = self._scanner.accept_regex()
        if pattern is not None:
            regex = compile_query_regex(pattern, token)
            return lambda row: int(_matches(regex, without_structure(one(row))))
        if token.kind != "text":
            raise self._scanner.error("a text or a regular expression is missing")
        part = self._scanner.take().text
        return lambda row: int(part in to_text(without_structure(one(row))))

    def _membership(self, one: Evaluate) -> Evaluate:
        close = {"[": "]", "(": ")"}.get(self._scanner.accept("[", "("))
        if close is None:
            raise self._scanner.error("'[' is missing")
        items = [] if self._scanner.peek().word == close else self.parse_list()
        self._scanner.expect(close)

        def is_member(row: Row) -> Value:
            value = one(row)
            return int(any(is_equal(value, item.evaluate(row)) for item in items))

        return is_member

    def parse_list(self) -> list[Expression]:
        """Parse one or more expressions with commas between them."""
        return self._separated(self.parse, ",")

    def _separated(self, parse: Callable[[], T], word: str) -> list[T]:
        found = [parse()]
        while self._scanner.accept(word):
            found.append(parse())
        return found

    def _sum(self) -> Evaluate:
        first, others = self._product(), list[tuple[str, Evaluate]]()
        while operator := self._scanner.accept(*_SUMS):
            others.append((operator, self._product()))
        return _chain(first, others)

    def _product(self) -> Evaluate:
        first, others = self._power(), list[tuple[str, Evaluate]]()
        while operator := self._scanner.accept(*_PRODUCTS):
            others.append((operator, self._power()))
        return _chain(first, others)

    def _power(self) -> Evaluate:
        parts = self._separated(self._signed, "^")
        return parts[0] if len(parts) == 1 else lambda row: _raise_powers([part(row) for part in parts])

    def _signed(self) -> Evaluate:
        negative = False
        while sign := self._scanner.accept(*_SUMS):
            negative ^= sign == "-"
        inner = self._primary()
        return (lambda row: calculate("-", 0, inner(row))) if negative else inner

    def _primary(self) -> Evaluate:
        token = self._scanner.peek()
        match token.kind:
            case "number":
                self._scanner.take()
                number = to_number(token.text)
                constant = None if number is None else from_number(number)
                return lambda _row: constant
            case "text":
                self._scanner.take()
                return lambda _row: token.text
            case "quoted":
                self._scanner.take()
                return lambda row: row.get(token.text)
            case "path":
                self._scanner.take()
                name, steps = read_path(token.text)
                return lambda row: row.follow(name, steps)
            case "name":
                self._scanner.take()
                return self._call(token) if self._scanner.peek().word == "(" else (lambda row: row.get(token.text))
        self._scanner.expect("(")
        inner = self.parse()
        self._scanner.expect(")")
        return inner.evaluate

    def _call(self, name: Token) -> Evaluate:
        word = name.text.lower()
        self._scanner.expect("(")
        if word in TIME_FUNCTIONS:
            return self._time_function(word)
        if word in self._times:
            self._scanner.expect(")")
            time = self._times[word]
            return lambda _row: time
        found = FUNCTIONS.get(word)
        if found is None:
            return self._column(name)
        arguments = self.parse_list()
        self._scanner.expect(")")
        if not found.least <= len(arguments) <= found.most:
            reason = f"invalid arguments for the function {name.text}: it takes {found.least} to {found.most}"
            raise QueryError(reason, name.start, self._scanner.end)
        apply, parts = found.apply, [argument.evaluate for argument in arguments]
        if found.takes_structures:
            return lambda row: apply([part(row) for part in parts])
        return lambda row: apply([without_structure(part(row)) for part in parts])

    def _column(self, name: Token) -> Evaluate:
        """Take a call that may name a column of an earlier `stats`, such as `count(*)`."""
        if not self._scanner.accept("*") and self._scanner.peek().word != ")":
            self.parse_list()
        self._scanner.expect(")")
        text = self._scanner.text[name.start : self._scanner.end]
        return lambda row: row.get(text)

    def _time_function(self, word: str) -> Evaluate:
        """Parse `bin(5m)`, `datefloor(@timestamp, 5m)` or `dateceil(@timestamp, 5m)`."""
        time: Evaluate = lambda row: row.get("@timestamp")  # noqa: E731 - the default of the other branch
        if word != "bin" or self._scanner.peek().kind != "period":
            time = self.parse().evaluate
            self._scanner.expect(",")
        period = self._period()
        self._scanner.expect(")")
        cut = period.ceil if word == "dateceil" else period.floor

        def apply(row: Row) -> Value:
            number = to_number(time(row))
            return None if number is None else cut(int(number))

        return apply

    def _period(self) -> Period:
        token = self._scanner.take()
        period = read_period(token.text) if token.kind == "period" else None
        return require(period, lambda: QueryError(f"'{token.text}' is not a period such as 5m", token.start, token.end))


def _chain(first: Evaluate, others: Sequence[tuple[str, Evaluate]]) -> Evaluate:
    """Return an evaluation from left to right, which is no deeper for a thousand operands."""

    def evaluate(row: Row) -> Value:
        value = first(row)
        for operator, other in others:
            value = calculate(operator, value, other(row))
        return value

    return evaluate if others else first


def _raise_powers(values: Sequence[Value]) -> Value:
    """Return `a ^ b ^ c`, from right to left."""
    *others, found = values
    for value in reversed(others):
        found = calculate("^", value, found)
    return found


def _matches(regex: Regex, value: Value) -> bool:
    try:
        return value is not None and regex.search(to_text(value))
    except TextTooLong:
        return False
