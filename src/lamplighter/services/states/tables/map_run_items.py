"""Query the items of a Map Run in their order, with what their child executions did."""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.store.db import Reader

MAX_INPUT_LENGTH = 10_000
"""The longest input that is read, in characters."""


@dataclass(frozen=True, slots=True)
class MapRunItem:
    """A child execution of a Map Run with its items; an express one has no row, so its result describes it."""

    first: int
    """The index of its first item."""
    count: int
    status: str
    arn: str | None
    start: int | None
    stop: int | None
    input_length: int
    input: str | None
    """None if it is too long, or not known."""
    error: str | None
    cause: str | None
    result: str | None
    """The result as JSON text, of a child execution without a row."""


def select_items(
    reader: Reader, run: int, statuses: Sequence[str], index: int | None, most: int, skip: int
) -> list[MapRunItem]:
    """Return at most `most` children in the order of their items, or only the one with the item `index`."""
    where, values = "run = ?", [run, *statuses]
    if statuses:
        where += f" AND status IN ({', '.join('?' * len(statuses))})"
    if index is not None:
        where, values = f"{where} AND first <= ? AND first + items > ?", [*values, index, index]
    sql = f"""
        SELECT c.first, c.items, c.status, e.arn, e.start, e.stop, coalesce(length(e.input), 0),
            CASE WHEN length(e.input) <= {MAX_INPUT_LENGTH} THEN e.input END, e.error, e.cause,
            CASE WHEN e.id IS NULL THEN r.body END
        FROM (SELECT * FROM map_children WHERE {where} ORDER BY position LIMIT ? OFFSET ?) c
        LEFT JOIN executions e ON e.id = c.execution
        LEFT JOIN map_results r ON r.run = c.run AND r.position = c.position
        ORDER BY c.position
    """  # noqa: S608 - constants and question marks
    return [MapRunItem(*row) for row in reader.rows(sql, (*values, most, skip))]


def latest_children(reader: Reader, run: int, status: str, most: int) -> list[int]:
    """Return the keys of at most `most` children of a status, the latest first."""
    sql = "SELECT execution FROM map_children WHERE run = ? AND status = ? ORDER BY execution DESC LIMIT ?"
    return [row[0] for row in reader.rows(sql, (run, status, most))]
