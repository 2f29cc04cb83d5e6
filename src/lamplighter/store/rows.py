"""Read and write rows as values of a dataclass whose fields are the columns of the table.

A module of a service declares its table and, each in a line, the statements that it needs:
`get = LAMPS.find_by("name")` is called as `get(reader, "a")`. Their texts are made once.

A field `id` is the key of its row: `insert` ignores it, and SQLite chooses the key. SQLite has no bool: a field of this
type gets one for the integer of its column.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from logging import Logger
from operator import attrgetter
from typing import ClassVar, Generic, Protocol, TypeVar

from lamplighter.base.json_text import Json, JsonError, dumps
from lamplighter.store.db import DamagedData, Reader, Row, Tx


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Json]]]


R = TypeVar("R", bound=_Dataclass)
T_co = TypeVar("T_co", covariant=True)
P = TypeVar("P")
HIGHEST_CHARACTER = "\U0010ffff"
"""The highest character: a prefix with this character appended sorts after all names with that prefix."""
WALK_SIZE = 100
Value = str | int | None
"""A value of a field in a condition."""


class Query(Protocol[T_co]):
    """A query that is called with the values of its fields."""

    def __call__(self, reader: Reader, *values: Value) -> T_co:
        """Return what the query finds."""


class PageQuery(Protocol[P]):
    """A query for rows in order of their names, called with the values of its other fields, `after` and `most`."""

    def __call__(self, reader: Reader, *values: Value, prefix: str = "") -> list[P]:
        """Return at most `most` rows whose names follow `after` and begin with a prefix."""


class WalkQuery(Protocol[T_co]):
    """A query for all rows in order of their names, called with the values of its other fields."""

    def __call__(self, reader: Reader, *values: Value, after: str = "", prefix: str = "") -> Iterator[T_co]:
        """Yield the readable rows whose names follow `after` and begin with a prefix."""


class Deletion(Protocol):
    """A statement that deletes rows, called with the values of its fields."""

    def __call__(self, tx: Tx, *values: Value) -> int:
        """Return the number of deleted rows."""


class Table(Generic[R]):
    """A table, and the dataclass of its rows."""

    def __init__(
        self,
        name: str,
        row_type: type[R],
        *,
        json: Mapping[str, Callable[[str], Json]] | None = None,
        columns: Mapping[str, str] | None = None,
        properties: Sequence[str] = (),
        damaged: str | None = None,
    ) -> None:
        """Describe a table.

        `json` has the parser of each field whose column is JSON text (NULL for None); `columns` has the columns whose
        names differ from their fields'. `properties` are columns that queries need and nothing reads. `damaged` is the
        text of the `DamagedData` for JSON that cannot be parsed, with fields in braces.
        """
        self._row_type = row_type
        self._fields = [each.name for each in fields(row_type)]
        self._json = json or {}
        self._damaged = damaged
        self._columns = {each: (columns or {}).get(each, each) for each in (*self._fields, *properties)}
        names = [each for each in self._columns if each != "id"]
        stored = [self._columns[each] for each in names]
        self._values_of = attrgetter(*names, names[0])  # with one name, attrgetter returns no tuple
        takes_keywords = any(each.kw_only for each in fields(row_type))
        self._make_row: Callable[..., R] = self._make_by_keywords if takes_keywords else row_type
        self._json_stored = [at for at, name in enumerate(names) if name in self._json]
        parsers = {each.name: bool for each in fields(row_type) if each.type in (bool, "bool")} | dict(self._json)
        self._parsed = [(at, parsers[name]) for at, name in enumerate(self._fields) if name in parsers]
        self._insert = f"INTO {name} ({', '.join(stored)}) VALUES ({', '.join('?' * len(stored))})"
        self._update = f"UPDATE {name} SET {', '.join(f'{each} = ?' for each in stored)} WHERE"  # noqa: S608
        self._name = name
        self.query = f"SELECT {', '.join(self._columns[each] for each in self._fields)} FROM {name}"  # noqa: S608
        """The query for all rows, without a condition."""

    def find(self, reader: Reader, where: str, *values: Json) -> R | None:
        """Return the first row that satisfies a condition, or None."""
        row = reader.row(f"{self.query} WHERE {where}", values)
        return self.parse(row) if row else None

    def select(self, reader: Reader, where: str, *values: Json) -> list[R]:
        """Return the rows that satisfy a condition."""
        return [self.parse(row) for row in reader.rows(f"{self.query} WHERE {where}", values)]

    def readable(self, rows: Iterable[Row], log: Logger) -> Iterator[R]:
        """Yield the values of rows that `query` found; log damaged rows and skip them."""
        for row in rows:
            try:
                yield self.parse(row)
            except DamagedData as error:
                log.error("%s; it is skipped", error)

    def parse(self, row: Row) -> R:
        """Return the value of a row that `query` found. Raises `DamagedData` or `JsonError`."""
        if not self._parsed:
            return self._make_row(*row)
        values = list(row)
        try:
            for at, parse in self._parsed:
                if values[at] is not None:
                    values[at] = parse(values[at])
        except JsonError as error:
            if self._damaged is None:
                raise
            found = dict(zip(self._fields, row, strict=True))
            raise DamagedData(f"{self._damaged.format(**found)} cannot be read: {error}") from error
        return self._make_row(*values)

    def _make_by_keywords(self, *values: Json) -> R:
        return self._row_type(**dict(zip(self._fields, values, strict=True)))

    def insert(self, tx: Tx, row: R) -> int:
        """Insert a new row; return its key."""
        return tx.insert(f"INSERT {self._insert}", self._values(row))

    def replace(self, tx: Tx, row: R) -> None:
        """Insert a row, and replace the row with the same key."""
        tx.execute(f"INSERT OR REPLACE {self._insert}", self._values(row))

    def update(self, tx: Tx, row: R, where: str, *values: Json) -> int:
        """Update the row that satisfies a condition; return the number of rows."""
        return tx.execute(f"{self._update} {where}", (*self._values(row), *values))

    # --- statements for a module of a service -------------------------------------------------------------------------

    def find_by(self, *names: str, log: Logger | None = None) -> Query[R | None]:
        """Make the query for the row with values of these fields; with a log, a damaged row is logged and not found."""
        sql = f"{self.query} WHERE {self._equal(names)}"

        def find(reader: Reader, *values: Value) -> R | None:
            row = reader.row(sql, values)
            if row is None:
                return None
            return self.parse(row) if log is None else next(self.readable([row], log), None)

        return find

    def member_by(self, field: str, member: str, *names: str) -> Query[Json | None]:
        """Make the query for a member of a field whose column is a JSON object; the rest of the row is not read.

        Without such a row or member, or if the JSON is damaged, the result is None; an array or object is its text.
        """
        column = self._columns[field]
        found = f"CASE WHEN json_valid({column}) THEN json_extract({column}, '$.{member}') END"
        sql = f"SELECT {found} FROM {self._name} WHERE {self._equal(names)}"  # noqa: S608
        return lambda reader, *values: reader.value(sql, values)

    def select_by(self, *names: str, order: str) -> Query[list[R]]:
        """Make the query for the rows with values of these fields, in order."""
        sql = f"{self.query} WHERE {self._equal(names)} ORDER BY {order}"
        return lambda reader, *values: [self.parse(row) for row in reader.rows(sql, values)]

    def page_by(self, *names: str) -> PageQuery[R]:
        """Make the query for a page of the rows with values of these fields, in order of the last one, a text."""
        block = self._block_by(*names)

        def page(reader: Reader, *values: Value, prefix: str = "") -> list[R]:
            return [self.parse(row) for row in block(reader, *values, prefix=prefix)]

        return page

    def walk_by(self, *names: str, log: Logger) -> WalkQuery[R]:
        """Make the query for the rows with values of these fields, in order of the last one; log damaged rows."""
        block, at = self._block_by(*names), self._fields.index(names[-1])

        def walk(reader: Reader, *values: Value, after: str = "", prefix: str = "") -> Iterator[R]:
            while found := block(reader, *values, after, WALK_SIZE, prefix=prefix):
                yield from self.readable(found, log)
                after = found[-1][at]

        return walk

    def _block_by(self, *names: str) -> PageQuery[Row]:
        name = self._columns[names[-1]]
        owned = "".join(f"{each} AND " for each in filter(None, [self._equal(names[:-1])]))
        sql = f"{self.query} WHERE {owned}{name} BETWEEN ? AND ? AND {name} <> ? ORDER BY {name} LIMIT ?"

        def block(reader: Reader, *values: Value, prefix: str = "") -> list[Row]:
            *owner, after, most = values
            return reader.rows(sql, (*owner, max(str(after), prefix), prefix + HIGHEST_CHARACTER, after, most))

        return block

    def count_by(self, *names: str) -> Query[int]:
        """Make the query for the number of rows with values of these fields."""
        sql = f"SELECT count(*) FROM {self._name} WHERE {self._equal(names)}"  # noqa: S608
        return lambda reader, *values: reader.count(sql, values)

    def any_exists(self, reader: Reader) -> bool:
        """Return whether the table has a row."""
        return reader.row(f"SELECT 1 FROM {self._name} LIMIT 1") is not None  # noqa: S608

    def update_by(self, name: str) -> Callable[[Tx, R], None]:
        """Make the statement that stores a changed row in place of the one with the same value of a field."""
        sql, key = f"{self._update} {self._equal([name])}", attrgetter(name)

        def update(tx: Tx, row: R) -> None:
            tx.execute(sql, (*self._values(row), key(row)))

        return update

    def delete_by(self, *names: str) -> Deletion:
        """Make the statement that deletes the rows with values of these fields."""
        sql = f"DELETE FROM {self._name} WHERE {self._equal(names)}"  # noqa: S608
        return lambda tx, *values: tx.execute(sql, values)

    def _equal(self, names: Sequence[str]) -> str:
        return " AND ".join(f"{self._columns.get(each, each)} = ?" for each in names)

    def _values(self, row: R) -> list[Json]:
        values = list(self._values_of(row)[:-1])
        for at in self._json_stored:
            if values[at] is not None:
                values[at] = dumps(values[at])
        return values
