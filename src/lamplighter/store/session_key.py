"""Keep the key from which the secrets of temporary credentials are derived (`wire/access/temporary_credentials.py`)."""

from string import ascii_letters, digits

from lamplighter.base.world import random_key
from lamplighter.store.db import Reader, Tx


def read(reader: Reader) -> str | None:
    """Return the key, or None if none was needed yet."""
    found = reader.value("SELECT key FROM session_key")
    return None if found is None else str(found)


def read_or_create(tx: Tx) -> str:
    """Return the key; create it if none was needed yet."""
    found = read(tx)
    if found is None:
        found = random_key(ascii_letters + digits, 64)
        tx.execute("INSERT INTO session_key VALUES (?)", (found,))
    return found
