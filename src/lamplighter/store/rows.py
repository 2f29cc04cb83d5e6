"""Read and write rows as values of a dataclass whose fields are the columns of the table.

A field `id` is the key of its row: `insert` ignores it, and SQLite chooses the key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from logging import Logger
from typing import ClassVar, Generic, Protocol, TypeVar

from lamplighter.base.json_text import Json, JsonError, dumps
from lamplighter.store.db import DamagedData, Reader, Row, Tx


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Json]]]


R = TypeVar("R", bound=_Dataclass)


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
        self._stored = [each for each in self._columns if each != "id"]
        stored = [self._columns[each] for each in self._stored]
        self._insert = f"INTO {name} ({', '.join(stored)}) VALUES ({', '.join('?' * len(stored))})"
        self._update = f"UPDATE {name} SET {', '.join(f'{each} = ?' for each in stored)} WHERE"  # noqa: S608
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
        if not self._json:
            return self._row_type(*row)
        found = dict(zip(self._fields, row, strict=True))
        try:
            parsed = {name: parse(found[name]) for name, parse in self._json.items() if found[name] is not None}
        except JsonError as error:
            if self._damaged is None:
                raise
            raise DamagedData(f"{self._damaged.format(**found)} cannot be read: {error}") from error
        return self._row_type(**found | parsed)

    def insert(self, tx: Tx, row: R) -> int:
        """Insert a new row; return its key."""
        return tx.insert(f"INSERT {self._insert}", self._values(row))

    def replace(self, tx: Tx, row: R) -> None:
        """Insert a row, and replace the row with the same key."""
        tx.execute(f"INSERT OR REPLACE {self._insert}", self._values(row))

    def update(self, tx: Tx, row: R, where: str, *values: Json) -> int:
        """Update the row that satisfies a condition; return the number of rows."""
        return tx.execute(f"{self._update} {where}", (*self._values(row), *values))

    def _values(self, row: R) -> list[Json]:
        found = ((name, getattr(row, name)) for name in self._stored)
        return [dumps(value) if name in self._json and value is not None else value for name, value in found]
