"""The name of the engine of a data directory, which its containers carry."""

from collections.abc import Callable

from lamplighter.store.db import Tx


def engine_id(tx: Tx, name: Callable[[], str]) -> str:
    """The engine's name; the first to ask makes it."""
    row = tx.row("SELECT name FROM engine")
    if row is not None:
        found: str = row[0]
        return found
    made = name()
    tx.execute("INSERT INTO engine (name) VALUES (?)", (made,))
    return made
