"""What stacks export under a name, and which stacks import it."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx

Place = tuple[str, str]
"""An account and a region: names are unique there."""


@dataclass(frozen=True, slots=True)
class Export:
    """A value that other stacks may use."""

    name: str
    stack: str
    value: str


def get(reader: Reader, place: Place, name: str) -> Export | None:
    """An export by its name."""
    sql = "SELECT name, stack, value FROM stack_exports WHERE account = ? AND region = ? AND name = ?"
    row = reader.row(sql, (*place, name))
    return Export(*row) if row else None


def page(reader: Reader, place: Place, after: str, most: int) -> list[Export]:
    """Exports whose names come after one."""
    sql = (
        "SELECT name, stack, value FROM stack_exports WHERE account = ? AND region = ? AND name > ? "
        "ORDER BY name LIMIT ?"
    )
    return [Export(*row) for row in reader.rows(sql, (*place, after, most))]


def exports_of(reader: Reader, stack: str) -> list[Export]:
    """What a stack exports."""
    sql = "SELECT name, stack, value FROM stack_exports WHERE stack = ? ORDER BY name"
    return [Export(*row) for row in reader.rows(sql, (stack,))]


def put(tx: Tx, place: Place, export: Export) -> None:
    """Export a value."""
    sql = "INSERT OR REPLACE INTO stack_exports (account, region, name, stack, value) VALUES (?, ?, ?, ?, ?)"
    tx.execute(sql, (*place, export.name, export.stack, export.value))


def delete(tx: Tx, place: Place, name: str) -> None:
    """Export something no longer."""
    tx.execute("DELETE FROM stack_exports WHERE account = ? AND region = ? AND name = ?", (*place, name))


def note_import(tx: Tx, place: Place, name: str, stack: str) -> None:
    """A stack uses an export."""
    sql = "INSERT OR IGNORE INTO stack_imports (account, region, name, stack) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (*place, name, stack))


def importers(reader: Reader, place: Place, name: str, after: str, most: int) -> list[str]:
    """The ids of stacks that use an export, those after one."""
    sql = (
        "SELECT stack FROM stack_imports WHERE account = ? AND region = ? AND name = ? AND stack > ? "
        "ORDER BY stack LIMIT ?"
    )
    return [stack for (stack,) in reader.rows(sql, (*place, name, after, most))]


def imports(reader: Reader, stack: str) -> list[str]:
    """The names of what a stack imports."""
    return [name for (name,) in reader.rows("SELECT name FROM stack_imports WHERE stack = ?", (stack,))]


def drop_import(tx: Tx, stack: str, name: str) -> None:
    """A stack uses an export no longer."""
    tx.execute("DELETE FROM stack_imports WHERE stack = ? AND name = ?", (stack, name))
