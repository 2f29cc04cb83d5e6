"""Change sets: what an update of a stack would do."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that somebody may want carried out."""

    id: str
    """Its ARN."""
    stack: str
    name: str
    body: Json


def _change_set(row: Row) -> ChangeSet:
    key, stack, name, body = row
    return ChangeSet(key, stack, name, loads(body))


def get(reader: Reader, key: str) -> ChangeSet | None:
    """A change set by its ARN."""
    row = reader.row("SELECT id, stack, name, body FROM change_sets WHERE id = ?", (key,))
    return _change_set(row) if row else None


def by_name(reader: Reader, stack: str, name: str) -> ChangeSet | None:
    """A change set of a stack by its name."""
    row = reader.row("SELECT id, stack, name, body FROM change_sets WHERE stack = ? AND name = ?", (stack, name))
    return _change_set(row) if row else None


def page(reader: Reader, stack: str, after: str, most: int) -> list[ChangeSet]:
    """Change sets of a stack whose names come after one."""
    sql = "SELECT id, stack, name, body FROM change_sets WHERE stack = ? AND name > ? ORDER BY name LIMIT ?"
    return [_change_set(row) for row in reader.rows(sql, (stack, after, most))]


def put(tx: Tx, change_set: ChangeSet) -> None:
    """Keep a change set as it is now."""
    values = (change_set.id, change_set.stack, change_set.name, dumps(change_set.body))
    tx.execute("INSERT OR REPLACE INTO change_sets (id, stack, name, body) VALUES (?, ?, ?, ?)", values)


def delete(tx: Tx, key: str) -> None:
    """Forget a change set."""
    tx.execute("DELETE FROM change_sets WHERE id = ?", (key,))
