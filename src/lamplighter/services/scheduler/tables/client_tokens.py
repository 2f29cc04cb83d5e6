"""Store answered requests by their client tokens, so that a repeated request gets the same answer."""

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx

MAX_DELETED = 20


def get(reader: Reader, owner: str, token: str) -> tuple[str, Json] | None:
    """Return the digest of the request that had this token, and its answer; None if the token is new."""
    row = reader.row(
        "SELECT request, answer FROM scheduler_client_tokens WHERE owner = ? AND token = ?", (owner, token)
    )
    return (row[0], loads(row[1])) if row else None


def put(tx: Tx, owner: str, token: str, request: str, answer: Json, now: int) -> None:
    """Store an answer under its token."""
    sql = "INSERT OR REPLACE INTO scheduler_client_tokens (owner, token, request, answer, at) VALUES (?, ?, ?, ?, ?)"
    tx.execute(sql, (owner, token, request, dumps(answer), now))


def delete_older(tx: Tx, before: int) -> None:
    """Delete some tokens that are older than a time."""
    old = "SELECT owner, token FROM scheduler_client_tokens WHERE at < ? ORDER BY at LIMIT ?"
    tx.execute(f"DELETE FROM scheduler_client_tokens WHERE (owner, token) IN ({old})", (before, MAX_DELETED))  # noqa: S608
