"""Store how many lines of each container were sent to CloudWatch Logs, by the container's name in the runtime."""

from collections.abc import Iterable

from lamplighter.store.db import Reader, Tx


def shipped_lines(reader: Reader, container: str) -> tuple[int, int]:
    """Return the numbers of sent lines of standard output and of standard error."""
    row = reader.row("SELECT stdout, stderr FROM shipped_lines WHERE container = ?", (container,))
    return (row[0], row[1]) if row else (0, 0)


def set_shipped(tx: Tx, container: str, lines: tuple[int, int]) -> None:
    """Set the numbers of sent lines of a container."""
    sql = "INSERT OR REPLACE INTO shipped_lines (container, stdout, stderr) VALUES (?, ?, ?)"
    tx.execute(sql, (container, *lines))


def containers(reader: Reader) -> frozenset[str]:
    """Return the containers of which lines were sent."""
    return frozenset(name for (name,) in reader.rows("SELECT container FROM shipped_lines"))


def delete(tx: Tx, containers: Iterable[str]) -> None:
    """Delete the counts of shipped lines of containers that were removed with their output."""
    tx.execute_many("DELETE FROM shipped_lines WHERE container = ?", [(container,) for container in containers])
