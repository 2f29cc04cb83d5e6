"""Store change sets, which state what an update of a stack would do."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes that an update would make to a stack, and the plan of the update."""

    id: str
    """The ARN of the change set."""
    stack: str
    name: str
    body: Json


CHANGE_SETS = Table("change_sets", ChangeSet, json={"body": loads})


def get(reader: Reader, key: str) -> ChangeSet | None:
    """Return the change set with this ARN, or None if there is none."""
    return CHANGE_SETS.find(reader, "id = ?", key)


def by_name(reader: Reader, stack: str, name: str) -> ChangeSet | None:
    """Return the change set of a stack with this name, or None if there is none."""
    return CHANGE_SETS.find(reader, "stack = ? AND name = ?", stack, name)


def page(reader: Reader, stack: str, after: str, most: int) -> list[ChangeSet]:
    """Return change sets of a stack whose names follow `after`, in order of name."""
    return CHANGE_SETS.select(reader, "stack = ? AND name > ? ORDER BY name LIMIT ?", stack, after, most)


def put(tx: Tx, change_set: ChangeSet) -> None:
    """Store a new or changed change set."""
    values = (change_set.id, change_set.stack, change_set.name, dumps(change_set.body))
    tx.execute("INSERT OR REPLACE INTO change_sets (id, stack, name, body) VALUES (?, ?, ?, ?)", values)


def delete(tx: Tx, key: str) -> None:
    """Delete a change set."""
    tx.execute("DELETE FROM change_sets WHERE id = ?", (key,))
