"""Store the name of a data directory's engine; its containers carry this name as a label."""

from collections.abc import Callable

from lamplighter.store.db import Tx


def engine_id(tx: Tx, make_name: Callable[[], str]) -> str:
    """Return the engine's name; the first call makes the name and stores it."""
    row = tx.row("SELECT name FROM engine")
    if row is not None:
        found: str = row[0]
        return found
    made = make_name()
    tx.execute("INSERT INTO engine (name) VALUES (?)", (made,))
    return made


def write_probe(tx: Tx) -> None:
    """Write the engine's row as it is: the commit shows whether the database takes writes."""
    tx.execute("UPDATE engine SET name = name")
