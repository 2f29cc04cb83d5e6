"""Messages for people that did not reach them, and why: the latest are kept."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from lamplighter.store.db import Reader, Tx

KEPT = 1_000
LATELY = 3 * 24 * 3600 * 1000
"""For how many milliseconds one is shown: a weekend long."""


@dataclass(frozen=True, slots=True)
class LostAlert:
    """One message."""

    time: int
    """Milliseconds since the epoch."""
    recipient: str
    reason: str


def put(tx: Tx, lost: LostAlert) -> None:
    """Keep one; the oldest of too many goes."""
    sql = "INSERT INTO lost_alerts (time, recipient, reason) VALUES (?, ?, ?)"
    key = tx.insert(sql, (lost.time, lost.recipient, lost.reason))
    tx.execute("DELETE FROM lost_alerts WHERE id <= ?", (key - KEPT,))


def since(reader: Reader, time: int) -> list[LostAlert]:
    """Return those from a time on, the latest first."""
    rows = reader.rows("SELECT time, recipient, reason FROM lost_alerts WHERE time >= ? ORDER BY id DESC", (time,))
    return [LostAlert(*row) for row in rows]


def recipient_name(protocol: str, endpoint: str) -> str:
    """Name who should have got a message; of an address on the web its host alone, for the rest may be a password."""
    host = urlsplit(endpoint).hostname if protocol in ("http", "https") else None
    return f"{protocol} {host or endpoint}"
