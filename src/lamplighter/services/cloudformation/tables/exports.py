"""Store the values that stacks export under a name, and which stacks import them."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

Owner = tuple[str, str]
"""An account and a region, within which the names of exports are unique."""


@dataclass(frozen=True, slots=True)
class Export:
    """A value that other stacks may import."""

    name: str
    stack: str
    value: str


EXPORTS = Table("stack_exports", Export)


get = EXPORTS.find_by("account", "region", "name")
"""Return the export with this name, or None if there is none."""
page = EXPORTS.page_by("account", "region", "name")
"""Return exports whose names follow `after`, in order of name."""
exports_of = EXPORTS.select_by("stack", order="name")
"""Return the exports of a stack, in order of name."""


def put(tx: Tx, owner: Owner, export: Export) -> None:
    """Store an export, and replace one of the same name."""
    sql = "INSERT OR REPLACE INTO stack_exports (account, region, name, stack, value) VALUES (?, ?, ?, ?, ?)"
    tx.execute(sql, (*owner, export.name, export.stack, export.value))


delete = EXPORTS.delete_by("account", "region", "name")
"""Delete an export."""


def record_import(tx: Tx, owner: Owner, name: str, stack: str) -> None:
    """Record that a stack imports an export."""
    sql = "INSERT OR IGNORE INTO stack_imports (account, region, name, stack) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (*owner, name, stack))


def importers(reader: Reader, owner: Owner, name: str, after: str, most: int) -> list[str]:
    """Return the ids of stacks that import an export, those that follow `after`."""
    sql = (
        "SELECT stack FROM stack_imports WHERE account = ? AND region = ? AND name = ? AND stack > ? "
        "ORDER BY stack LIMIT ?"
    )
    return [stack for (stack,) in reader.rows(sql, (*owner, name, after, most))]


def imports(reader: Reader, stack: str) -> list[str]:
    """Return the names of the exports that a stack imports."""
    return [name for (name,) in reader.rows("SELECT name FROM stack_imports WHERE stack = ?", (stack,))]


def drop_import(tx: Tx, stack: str, name: str) -> None:
    """Delete the record that a stack imports an export."""
    tx.execute("DELETE FROM stack_imports WHERE stack = ? AND name = ?", (stack, name))
