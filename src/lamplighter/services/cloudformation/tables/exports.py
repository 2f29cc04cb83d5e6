"""Store the values that stacks export under a name, and which stacks import them."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx

Place = tuple[str, str]
"""An account and a region, within which the names of exports are unique."""


@dataclass(frozen=True, slots=True)
class Export:
    """A value that other stacks may import."""

    name: str
    stack: str
    value: str


def get(reader: Reader, place: Place, name: str) -> Export | None:
    """Return the export with this name, or None if there is none."""
    sql = "SELECT name, stack, value FROM stack_exports WHERE account = ? AND region = ? AND name = ?"
    row = reader.row(sql, (*place, name))
    return Export(*row) if row else None


def page(reader: Reader, place: Place, after: str, most: int) -> list[Export]:
    """Return exports whose names follow `after`, in order of name."""
    sql = (
        "SELECT name, stack, value FROM stack_exports WHERE account = ? AND region = ? AND name > ? "
        "ORDER BY name LIMIT ?"
    )
    return [Export(*row) for row in reader.rows(sql, (*place, after, most))]


def exports_of(reader: Reader, stack: str) -> list[Export]:
    """Return the exports of a stack, in order of name."""
    sql = "SELECT name, stack, value FROM stack_exports WHERE stack = ? ORDER BY name"
    return [Export(*row) for row in reader.rows(sql, (stack,))]


def put(tx: Tx, place: Place, export: Export) -> None:
    """Store an export, and replace one of the same name."""
    sql = "INSERT OR REPLACE INTO stack_exports (account, region, name, stack, value) VALUES (?, ?, ?, ?, ?)"
    tx.execute(sql, (*place, export.name, export.stack, export.value))


def delete(tx: Tx, place: Place, name: str) -> None:
    """Delete an export."""
    tx.execute("DELETE FROM stack_exports WHERE account = ? AND region = ? AND name = ?", (*place, name))


def note_import(tx: Tx, place: Place, name: str, stack: str) -> None:
    """Record that a stack imports an export."""
    sql = "INSERT OR IGNORE INTO stack_imports (account, region, name, stack) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (*place, name, stack))


def importers(reader: Reader, place: Place, name: str, after: str, most: int) -> list[str]:
    """Return the ids of stacks that import an export, those that follow `after`."""
    sql = (
        "SELECT stack FROM stack_imports WHERE account = ? AND region = ? AND name = ? AND stack > ? "
        "ORDER BY stack LIMIT ?"
    )
    return [stack for (stack,) in reader.rows(sql, (*place, name, after, most))]


def imports(reader: Reader, stack: str) -> list[str]:
    """Return the names of the exports that a stack imports."""
    return [name for (name,) in reader.rows("SELECT name FROM stack_imports WHERE stack = ?", (stack,))]


def drop_import(tx: Tx, stack: str, name: str) -> None:
    """Delete the record that a stack imports an export."""
    tx.execute("DELETE FROM stack_imports WHERE stack = ? AND name = ?", (stack, name))
