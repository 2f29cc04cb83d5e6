"""Store change sets, which state what an update of a stack would do."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes that an update would make to a stack, and the plan of the update."""

    id: str
    """The ARN of the change set."""
    stack: str
    name: str
    body: Json


def _change_set(row: Row) -> ChangeSet:
    key, stack, name, body = row
    return ChangeSet(key, stack, name, loads(body))


def get(reader: Reader, key: str) -> ChangeSet | None:
    """Return the change set with this ARN, or None if there is none."""
    row = reader.row("SELECT id, stack, name, body FROM change_sets WHERE id = ?", (key,))
    return _change_set(row) if row else None


def by_name(reader: Reader, stack: str, name: str) -> ChangeSet | None:
    """Return the change set of a stack with this name, or None if there is none."""
    row = reader.row("SELECT id, stack, name, body FROM change_sets WHERE stack = ? AND name = ?", (stack, name))
    return _change_set(row) if row else None


def page(reader: Reader, stack: str, after: str, most: int) -> list[ChangeSet]:
    """Return change sets of a stack whose names follow `after`, in order of name."""
    sql = "SELECT id, stack, name, body FROM change_sets WHERE stack = ? AND name > ? ORDER BY name LIMIT ?"
    return [_change_set(row) for row in reader.rows(sql, (stack, after, most))]


def put(tx: Tx, change_set: ChangeSet) -> None:
    """Store a new or changed change set."""
    values = (change_set.id, change_set.stack, change_set.name, dumps(change_set.body))
    tx.execute("INSERT OR REPLACE INTO change_sets (id, stack, name, body) VALUES (?, ?, ?, ?)", values)


def delete(tx: Tx, key: str) -> None:
    """Delete a change set."""
    tx.execute("DELETE FROM change_sets WHERE id = ?", (key,))
