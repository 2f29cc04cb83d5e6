"""Store the metric filters and subscription filters of log groups."""

from typing import Literal

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import HIGHEST_CHARACTER

Kind = Literal["metric", "subscription"]


def put(tx: Tx, group: int, kind: Kind, name: str, body: Json) -> None:
    """Store a filter, and replace one of the same name."""
    sql = "INSERT OR REPLACE INTO log_filters (log_group, kind, name, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (group, kind, name, dumps(body)))


def get(reader: Reader, group: int, kind: Kind, name: str) -> Json:
    """Return a filter as the API shows it, or None if there is none."""
    row = reader.row("SELECT body FROM log_filters WHERE log_group = ? AND kind = ? AND name = ?", (group, kind, name))
    return loads(row[0]) if row else None


def count(reader: Reader, group: int, kind: Kind) -> int:
    """Return the number of filters of a group."""
    return reader.count("SELECT count(*) FROM log_filters WHERE log_group = ? AND kind = ?", (group, kind))


def page(reader: Reader, group: int, kind: Kind, prefix: str, after: str, most: int) -> list[Json]:
    """Return filters of a group whose names start with `prefix` and follow the name `after`, in order of name."""
    sql = (
        "SELECT body FROM log_filters WHERE log_group = ? AND kind = ? AND name >= ? AND name < ? AND name > ? "
        "ORDER BY name LIMIT ?"
    )
    return [loads(body) for (body,) in reader.rows(sql, (group, kind, prefix, prefix + HIGHEST_CHARACTER, after, most))]


def delete(tx: Tx, group: int, kind: Kind, name: str) -> bool:
    """Delete a filter and return whether it existed."""
    return tx.execute("DELETE FROM log_filters WHERE log_group = ? AND kind = ? AND name = ?", (group, kind, name)) > 0


def page_of_all(reader: Reader, owner: tuple[str, str], kind: Kind, after: tuple[str, str], most: int) -> list[Json]:
    """Return filters of all groups of an account and region, after a group's and a filter's name."""
    sql = (
        "SELECT f.body FROM log_groups g JOIN log_filters f ON f.log_group = g.id AND f.kind = ? "
        "WHERE g.account = ? AND g.region = ? AND g.name >= ? AND (g.name, f.name) > (?, ?) "
        "ORDER BY g.name, f.name LIMIT ?"
    )
    return [loads(body) for (body,) in reader.rows(sql, (kind, *owner, after[0], *after, most))]
