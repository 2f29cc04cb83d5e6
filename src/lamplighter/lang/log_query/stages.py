"""Work on the rows of a query, one command after the other.

A streaming stage passes each row on at once, or drops it; a gathering one (`sort`, `stats`) passes rows on when all
have come. Each run of a query has its own stages. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from lamplighter.lang.log_query.aggregates import Aggregate
from lamplighter.lang.log_query.expressions import Evaluate, Expression
from lamplighter.lang.log_query.rows import Row
from lamplighter.lang.log_query.values import Instant, Structure, Value, from_json, is_true, sort_key, to_text

MAX_GROUPS = 100_000
MAX_ROWS = 100_000
"""The most rows that `sort` keeps, unless the query needs fewer."""
MAX_CHARACTERS = 64 * 1_048_576
"""The most characters of messages among the rows that `sort` keeps."""


class QueryTooLarge(Exception):
    """A query that needs more memory than a query may have; str() is the reason."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter`: keep the rows for which a condition is true."""

    condition: Evaluate

    def apply(self, row: Row) -> Row | None:
        """Return the row if the condition is true."""
        return row if is_true(self.condition(row)) else None


@dataclass(frozen=True, slots=True)
class Compute:
    """`fields` and `display` with expressions: make fields of them."""

    columns: Sequence[tuple[str, Evaluate]]

    def apply(self, row: Row) -> Row | None:
        """Return the row with the new fields."""
        row.values.update([(name, evaluate(row)) for name, evaluate in self.columns])
        return row


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse`: make fields of the parts of a text."""

    source: Evaluate
    names: Sequence[str]
    find: Callable[[str], Mapping[str, str] | None]

    def apply(self, row: Row) -> Row | None:
        """Return the row with the new fields; they are missing if the text does not match."""
        found = self.find(to_text(self.source(row))) or {}
        row.values.update({name: found.get(name) for name in self.names})
        return row


@dataclass(frozen=True, slots=True)
class Unnest:
    """`unnest`: make a row of each item of a list; "any other types … are treated as a list with one item"."""

    field: Evaluate
    name: str

    def expand(self, row: Row) -> Sequence[Row]:
        """Return the rows of the items; a missing field has none."""
        value = self.field(row)
        if isinstance(value, Structure) and isinstance(value.document, list):
            return [row.with_value(self.name, from_json(item)) for item in value.document]
        return [] if value is None else [row.with_value(self.name, value)]


@dataclass(slots=True)
class Limit:
    """`limit`: keep the first rows."""

    most: int
    number: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no more row is passed on."""
        return self.number >= self.most

    def apply(self, row: Row) -> Row | None:
        """Return the row unless the limit is reached."""
        self.number += 1
        return row if self.number <= self.most else None


@dataclass(slots=True)
class Dedup:
    """`dedup`: keep the first row of each combination of values; rows without one of the fields stay."""

    fields: Sequence[Evaluate]
    seen: set[bytes] = field(default_factory=set)

    def apply(self, row: Row) -> Row | None:
        """Return the row unless another one had the same values."""
        values = [evaluate(row) for evaluate in self.fields]
        if None in values:
            return row
        key = _digest(values)
        if key in self.seen:
            return None
        if len(self.seen) >= 10 * MAX_GROUPS:
            raise QueryTooLarge("dedup has too many different values")
        self.seen.add(key)
        return row


def _digest(values: Sequence[Value]) -> bytes:
    texts = "\0".join(map(to_text, values))
    return blake2b(texts.encode(errors="replace"), digest_size=16).digest()


@dataclass(slots=True)
class Sort:
    """`sort`: the rows in the order of expressions, each with whether it descends; keeps the first `most` rows."""

    keys: Sequence[tuple[Evaluate, bool]]
    most: int
    rows: list[Row] = field(default_factory=list)
    characters: int = 0

    def add(self, row: Row) -> None:
        """Keep a row; when there are twice too many, drop the last ones."""
        self.rows.append(row)
        self.characters += 0 if row.event is None else len(row.event.message)
        if len(self.rows) >= 2 * self.most + 1000 or self.characters > 2 * MAX_CHARACTERS:
            self.rows = self._sorted()
            self.characters = sum(0 if each.event is None else len(each.event.message) for each in self.rows)

    def drain(self) -> Sequence[Row]:
        """Return the rows in their order."""
        return self._sorted()

    def _sorted(self) -> list[Row]:
        ordered = self.rows
        for evaluate, descending in reversed(self.keys):
            ordered = sorted(ordered, key=lambda row: sort_key(evaluate(row)), reverse=descending)
        kept, room = ordered[: self.most], MAX_CHARACTERS
        for number, row in enumerate(kept):
            room -= 0 if row.event is None else len(row.event.message)
            if room < 0:
                return kept[:number]
        return kept


@dataclass(frozen=True, slots=True)
class Column:
    """An aggregate of `stats`: its name, what it aggregates, and how to begin it for a group."""

    name: str
    argument: Evaluate
    make: Callable[[], Aggregate]


@dataclass(slots=True)
class Stats:
    """`stats`: aggregates of the rows, for each combination of the values of `by`."""

    columns: Sequence[Column]
    by: Sequence[tuple[str, Expression]]
    groups: dict[tuple[Value, ...], tuple[list[Value], list[Aggregate]]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add a row to its group."""
        values = [expression.evaluate(row) for _, expression in self.by]
        key = tuple(_group_key(value) for value in values)
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= MAX_GROUPS:
                raise QueryTooLarge(f"stats has more than {MAX_GROUPS} groups")
            group = self.groups[key] = (values, [column.make() for column in self.columns])
        time = 0 if row.event is None else row.event.time
        for column, aggregate in zip(self.columns, group[1], strict=True):
            aggregate.add(column.argument(row), time)

    def drain(self) -> Sequence[Row]:
        """Return a row for each group."""
        names = [*(name for name, _ in self.by), *(column.name for column in self.columns)]
        return [
            Row(None, dict(zip(names, [*values, *(each.result() for each in aggregates)], strict=True)))
            for values, aggregates in self.groups.values()
        ]


def _group_key(value: Value) -> Value:
    """Return a value so that equal ones are in one group: a number is in that of its text."""
    return value if value is None or isinstance(value, str | Instant) else to_text(value)


StreamingStage = Filter | Compute | Parse | Limit | Dedup | Unnest
"""A stage that passes each row on at once, or drops it."""
GatheringStage = Sort | Stats
"""A stage that passes rows on when all have come."""
Stage = StreamingStage | GatheringStage
