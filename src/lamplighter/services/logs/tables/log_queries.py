"""Store the queries of Logs Insights and their results; a row of results has up to a thousand rows of the answer."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lamplighter.base.json_text import Json, dump_bytes, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

Status = Literal["Running", "Complete", "Failed", "Cancelled", "Timeout"]
RUNNING: Status = "Running"
ROWS_PER_PIECE = 1_000
MAX_PIECE_CHARACTERS = 1_048_576

StoredPiece = tuple[int, int, bytes]
"""Some rows of a result: the index of the first of them, their number, and their JSON, compressed."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A query, as StartQuery accepted it."""

    id: int
    account: str
    region: str
    name: str
    """The queryId."""
    created: int
    """Milliseconds since the epoch."""
    status: Status
    request: Json
    """The text of the query, its log groups, its times and its limit."""
    statistics: Json
    duration: int
    """How many milliseconds the query took."""


@dataclass(frozen=True, slots=True)
class ResultPiece:
    """Some rows of a result, read from their row."""

    number: int
    text: str
    """The rows as JSON, without the brackets of the list."""


QUERIES = Table("log_queries", LogQuery, json={"request": loads, "statistics": loads})


put = QUERIES.insert
"""Store a new query and return its key."""


def get(reader: Reader, key: int) -> LogQuery | None:
    """Return a query by its key, or None."""
    return QUERIES.find(reader, "id = ?", key)


def get_by_name(reader: Reader, account: str, region: str, name: str) -> LogQuery | None:
    """Return a query of an account and region by its queryId, or None."""
    return QUERIES.find(reader, "name = ? AND account = ? AND region = ?", name, account, region)


def page(reader: Reader, account: str, region: str, before: int, most: int) -> list[LogQuery]:
    """Return queries of an account and region before a key, the newest first."""
    where = "account = ? AND region = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return QUERIES.select(reader, where, account, region, before, most)


def count_running(reader: Reader, account: str, region: str) -> int:
    """Return the number of queries of an account and region that have not ended."""
    sql = "SELECT count(*) FROM log_queries WHERE account = ? AND region = ? AND status = ?"
    return reader.count(sql, (account, region, RUNNING))


def end(tx: Tx, key: int, status: Status, statistics: Json, duration: int) -> None:
    """Record the end of a query."""
    sql = "UPDATE log_queries SET status = ?, statistics = ?, duration = ? WHERE id = ?"
    tx.execute(sql, (status, dumps(statistics), duration, key))


def pack_results(rows: Sequence[Json]) -> list[StoredPiece]:
    """Return the rows of a result as they are stored."""
    pieces: list[StoredPiece] = []
    waiting: list[bytes] = []
    first, size = 0, 0
    for row in rows:
        text = dump_bytes(row)
        if waiting and (len(waiting) == ROWS_PER_PIECE or size + len(text) > MAX_PIECE_CHARACTERS):
            pieces.append((first, len(waiting), zlib.compress(b",".join(waiting), 1)))
            first, waiting, size = first + len(waiting), [], 0
        waiting.append(text)
        size += len(text)
    return [*pieces, (first, len(waiting), zlib.compress(b",".join(waiting), 1))] if waiting else pieces


def put_results(tx: Tx, key: int, pieces: Sequence[StoredPiece]) -> None:
    """Store the result of a query."""
    sql = "INSERT OR REPLACE INTO log_query_results (query, first, number, body) VALUES (?, ?, ?, ?)"
    tx.execute_many(sql, [(key, *piece) for piece in pieces])


def results(reader: Reader, key: int, start: int, most: int) -> Iterator[ResultPiece]:
    """Yield up to `most` rows of a result from an index on, in the pieces in which they are stored."""
    columns, where = "first, number, body", "query = ? AND first + number > ?"
    sql = f"SELECT {columns} FROM log_query_results WHERE {where} ORDER BY first LIMIT 1"  # noqa: S608
    while most > 0 and (row := reader.row(sql, (key, start))) is not None:
        first, number, body = row
        text = zlib.decompress(body).decode()
        if start > first or number > most:
            rows = loads(f"[{text}]")[start - first :][:most]
            number, text = len(rows), dumps(rows)[1:-1]
        yield ResultPiece(number, text)
        start, most = start + number, most - number


def delete_old(tx: Tx, before: int, most: int) -> None:
    """Delete some of the queries that were started before a time, with their results."""
    found = tx.rows("SELECT id FROM log_queries WHERE created < ? ORDER BY created LIMIT ?", (before, most))
    tx.execute_many("DELETE FROM log_query_results WHERE query = ?", found)
    tx.execute_many("DELETE FROM log_queries WHERE id = ?", found)
