"""Parse the commands of a query: SOURCE, fields, display, filter, stats, sort, limit, parse, dedup and unnest.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html.
"""

from collections.abc import Callable
from functools import partial

from lamplighter.lang.log_query.aggregates import AGGREGATES, PERCENTILES, Aggregate, Percentile
from lamplighter.lang.log_query.expressions import Evaluate, Expression, ExpressionParser, compile_query_regex
from lamplighter.lang.log_query.parse_patterns import compile_glob, compile_groups
from lamplighter.lang.log_query.query import MAX_RESULTS, MakeStage, Query
from lamplighter.lang.log_query.rows import Row
from lamplighter.lang.log_query.scanner import QueryError, Scanner
from lamplighter.lang.log_query.source import read_source
from lamplighter.lang.log_query.stages import (
    MAX_ROWS,
    Column,
    Compute,
    Dedup,
    Filter,
    Limit,
    Parse,
    Sort,
    Stats,
    Unnest,
)
from lamplighter.lang.log_query.values import Value, to_number

MAX_QUERY_LENGTH = 10_000
DEFAULT_COLUMNS = ("@timestamp", "@message")


def compile_query(text: str, now: int, window: tuple[int, int] = (0, 0)) -> Query:
    """Compile a query. Raises `QueryError`.

    `now` is the time, and `window` the range of the events, in milliseconds since the epoch.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise QueryError(f"the query is longer than {MAX_QUERY_LENGTH} characters", 0, len(text))
    return _QueryParser(text, now, window).parse()


def _always(_row: Row) -> Value:
    return 1


class _QueryParser:
    """Parses one query."""

    def __init__(self, text: str, now: int, window: tuple[int, int]) -> None:
        self._scanner = Scanner(text)
        self._expressions = ExpressionParser(self._scanner, now, window)
        self._stages: list[MakeStage] = []
        self._fields: list[str] = []
        self._parsed: list[str] = []
        self._only: list[str] | None = None
        """The columns that `display` or `stats` has chosen."""
        self._limit: int | None = None
        self._is_deduplicated = False
        self._commands: dict[str, Callable[[], None]] = {
            "fields": self._read_fields,
            "display": self._read_display,
            "filter": self._read_filter,
            "stats": self._read_stats,
            "sort": self._read_sort,
            "limit": self._read_limit,
            "parse": self._read_parse,
            "dedup": self._read_dedup,
            "unnest": self._read_unnest,
        }

    def parse(self) -> Query:
        source = read_source(self._scanner) if self._scanner.accept("source") else None
        if source is not None and self._scanner.peek().kind != "end":
            self._scanner.expect("|")
        while self._scanner.peek().kind != "end":
            token = self._scanner.peek()
            read = self._commands.get(token.word)
            if read is None:
                raise self._scanner.error(f"a command is expected: {', '.join(self._commands)}")
            if self._is_deduplicated and token.word != "limit":
                raise self._scanner.error("only limit can follow dedup")
            self._scanner.take()
            read()
            if self._scanner.peek().kind != "end":
                self._scanner.expect("|")
        return Query(self._stages, self._columns(), self._limit, source)

    def _columns(self) -> list[str]:
        found = self._only if self._only is not None else (self._fields or list(DEFAULT_COLUMNS)) + self._parsed
        return [name for name in dict.fromkeys(found) if name != "@ptr"]

    def _named(self) -> tuple[str, Expression]:
        """Parse an expression and its name: what follows `as`, or else its text."""
        expression = self._expressions.parse()
        if self._scanner.accept("as"):
            return self._scanner.expect_name(), expression
        return expression.text.strip("`"), expression

    def _named_list(self) -> list[tuple[str, Expression]]:
        found = [self._named()]
        while self._scanner.accept(","):
            found.append(self._named())
        return found

    def _compute(self) -> list[str]:
        """Parse named expressions, add the stage that computes them, and return their names."""
        found = self._named_list()
        columns = [(name, expression.evaluate) for name, expression in found]
        self._stages.append(lambda: Compute(columns))
        return [name for name, _ in found]

    def _read_fields(self) -> None:
        names = self._compute()
        if self._only is None:
            self._fields += names
        else:
            self._only += names

    def _read_display(self) -> None:
        self._only = self._compute()

    def _read_filter(self) -> None:
        condition = self._expressions.parse().evaluate
        self._stages.append(lambda: Filter(condition))

    def _read_limit(self) -> None:
        token = self._scanner.take()
        if token.kind != "number" or not token.text.isdigit() or not 1 <= int(token.text[:9]) <= MAX_RESULTS:
            raise QueryError(f"limit must be a number from 1 to {MAX_RESULTS}", token.start, token.end)
        most = int(token.text)
        self._limit = most
        self._stages.append(lambda: Limit(most))

    def _read_sort(self) -> None:
        self._scanner.accept("by")
        keys = [self._sort_key()]
        while self._scanner.accept(","):
            keys.append(self._sort_key())
        self._stages.append(lambda: Sort(keys, MAX_ROWS))

    def _sort_key(self) -> tuple[Evaluate, bool]:
        expression = self._expressions.parse()
        order = self._scanner.accept("asc", "desc")
        return _column_or(expression), order != "asc"

    def _read_dedup(self) -> None:
        names = [expression.evaluate for expression in self._expressions.parse_list()]
        self._stages.append(lambda: Dedup(names))
        self._is_deduplicated = True  # "The only query command that you can use … after the dedup command is limit."

    def _read_unnest(self) -> None:
        field = self._expressions.parse().evaluate
        self._scanner.expect("into")
        name = self._scanner.expect_name()
        self._parsed.append(name)
        self._stages.append(lambda: Unnest(field, name))

    def _read_parse(self) -> None:
        source: Evaluate = lambda row: row.get("@message")  # noqa: E731 - the default
        if self._scanner.peek().kind in ("name", "quoted"):
            name = self._scanner.expect_name()
            source = partial(_get, name)
        token = self._scanner.peek()
        pattern = self._scanner.accept_regex()
        if pattern is not None:
            regex = compile_query_regex(pattern, token)
            names, find = regex.group_names(), compile_groups(regex)
        elif token.kind == "text":
            self._scanner.take()
            self._scanner.expect("as")
            names = self._names()
            if not names or token.text.count("*") != len(names):
                reason = f"the pattern has {token.text.count('*')} asterisks, but {len(names)} names follow"
                raise QueryError(reason, token.start, self._scanner.end)
            find = compile_glob(token.text, names)
        else:
            raise self._scanner.error("a pattern in quotation marks or a regular expression is missing")
        self._parsed += names
        self._stages.append(lambda: Parse(source, names, find))

    def _names(self) -> list[str]:
        found = [self._scanner.expect_name()]
        while self._scanner.accept(","):
            found.append(self._scanner.expect_name())
        return found

    def _read_stats(self) -> None:
        columns = [self._aggregate()]
        while self._scanner.accept(","):
            columns.append(self._aggregate())
        by = self._named_list() if self._scanner.accept("by") else []
        self._only = [*(name for name, _ in by), *(column.name for column in columns)]
        self._stages.append(lambda: Stats(columns, by))

    def _aggregate(self) -> Column:
        token = self._scanner.take()
        word = token.word
        self._scanner.expect("(")
        argument: Evaluate = _always
        make: Callable[[], Aggregate]
        if word in AGGREGATES:
            make = AGGREGATES[word]
            if word != "count" or not (self._scanner.accept("*") or self._scanner.peek().word == ")"):
                argument = self._expressions.parse().evaluate
        elif word in PERCENTILES:
            argument = self._expressions.parse().evaluate
            self._scanner.expect(",")
            make = partial(Percentile, self._percent())
        else:
            raise QueryError(f"'{token.text}' is not a function of stats", token.start, token.end)
        self._scanner.expect(")")
        text = self._scanner.text[token.start : self._scanner.end]
        name = self._scanner.expect_name() if self._scanner.accept("as") else text
        return Column(name, argument, make)

    def _percent(self) -> float:
        token = self._scanner.take()
        percent = to_number(token.text) if token.kind == "number" else None
        if percent is None or not 0 <= percent <= 100:
            raise QueryError("a percentile is a number from 0 to 100", token.start, token.end)
        return percent


def _get(name: str, row: Row) -> Value:
    return row.get(name)


def _column_or(expression: Expression) -> Evaluate:
    """Return a function that takes the column with the text of an expression, and computes it if there is none."""
    text, evaluate = expression.text, expression.evaluate
    return lambda row: row.values[text] if text in row.values else evaluate(row)
