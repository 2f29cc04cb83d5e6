"""How many lines of a container's output have been handed over to CloudWatch Logs, by the runtime's name for it."""

from collections.abc import Iterable

from lamplighter.store.db import Reader, Tx


def shipped_lines(reader: Reader, container: str) -> tuple[int, int]:
    """Lines of standard output and of standard error."""
    row = reader.row("SELECT stdout, stderr FROM shipments WHERE container = ?", (container,))
    return (row[0], row[1]) if row else (0, 0)


def set_shipped(tx: Tx, container: str, lines: tuple[int, int]) -> None:
    """So many lines are handed over now."""
    sql = "INSERT OR REPLACE INTO shipments (container, stdout, stderr) VALUES (?, ?, ?)"
    tx.execute(sql, (container, *lines))


def containers(reader: Reader) -> frozenset[str]:
    """The containers of which something is handed over."""
    return frozenset(name for (name,) in reader.rows("SELECT container FROM shipments"))


def forget(tx: Tx, containers: Iterable[str]) -> None:
    """Containers that are removed, and their output with them."""
    tx.many("DELETE FROM shipments WHERE container = ?", [(container,) for container in containers])
