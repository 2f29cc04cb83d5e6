"""Number the changes of roles and policies, so that what was compiled before a change is not used after it."""

from lamplighter.store.db import Reader, Tx


def current(reader: Reader) -> int:
    """Return the number of the last change."""
    return reader.count("SELECT version FROM iam_version")


def change(tx: Tx) -> None:
    """Count a change."""
    tx.execute("UPDATE iam_version SET version = version + 1")
