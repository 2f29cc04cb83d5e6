"""Metric filters and subscription filters of log groups."""

from typing import Literal

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.logs.tables.log_groups import LAST_NAME
from lamplighter.store.db import Reader, Tx

Kind = Literal["metric", "subscription"]


def put(tx: Tx, group: int, kind: Kind, name: str, body: Json) -> None:
    """Keep a filter, or what it was changed to."""
    sql = "INSERT OR REPLACE INTO log_filters (grp, kind, name, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (group, kind, name, dumps(body)))


def get(reader: Reader, group: int, kind: Kind, name: str) -> Json:
    """A filter as the API shows it; None where there is none."""
    row = reader.row("SELECT body FROM log_filters WHERE grp = ? AND kind = ? AND name = ?", (group, kind, name))
    return loads(row[0]) if row else None


def count(reader: Reader, group: int, kind: Kind) -> int:
    """How many filters a group has."""
    row = reader.row("SELECT count(*) FROM log_filters WHERE grp = ? AND kind = ?", (group, kind))
    assert row is not None
    found: int = row[0]
    return found


def page(reader: Reader, group: int, kind: Kind, prefix: str, after: str, most: int) -> list[Json]:
    """Filters of a group whose names begin so, after a name, in order of name."""
    sql = (
        "SELECT body FROM log_filters WHERE grp = ? AND kind = ? AND name >= ? AND name < ? AND name > ? "
        "ORDER BY name LIMIT ?"
    )
    return [loads(body) for (body,) in reader.rows(sql, (group, kind, prefix, prefix + LAST_NAME, after, most))]


def delete(tx: Tx, group: int, kind: Kind, name: str) -> bool:
    """Forget a filter; False where there is none."""
    return tx.execute("DELETE FROM log_filters WHERE grp = ? AND kind = ? AND name = ?", (group, kind, name)) > 0


def page_of_all(reader: Reader, owner: tuple[str, str], kind: Kind, after: tuple[str, str], most: int) -> list[Json]:
    """Filters of all groups of an account and region, behind a group's and a filter's name."""
    sql = (
        "SELECT f.body FROM log_groups g JOIN log_filters f ON f.grp = g.id AND f.kind = ? "
        "WHERE g.account = ? AND g.region = ? AND g.name >= ? AND (g.name, f.name) > (?, ?) "
        "ORDER BY g.name, f.name LIMIT ?"
    )
    return [loads(body) for (body,) in reader.rows(sql, (kind, *owner, after[0], *after, most))]
