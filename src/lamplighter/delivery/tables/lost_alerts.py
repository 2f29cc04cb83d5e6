"""Store messages for people that did not reach them, with the reason; the latest thousand are kept."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from lamplighter.base.chat_services import PROTOCOL_PREFIX, SECRET_ADDRESS_PROTOCOLS
from lamplighter.store.db import Reader, Tx

MAX_ROWS = 1_000
SHOWN_MILLISECONDS = 3 * 24 * 3600 * 1000
"""Milliseconds for which a lost alert is shown: three days, to cover a weekend."""


@dataclass(frozen=True, slots=True)
class LostAlert:
    """A message that did not reach its recipient."""

    time: int
    """Milliseconds since the epoch."""
    recipient: str
    reason: str


def put(tx: Tx, lost: LostAlert) -> None:
    """Store a lost alert; delete the oldest if there are too many."""
    sql = "INSERT INTO lost_alerts (time, recipient, reason) VALUES (?, ?, ?)"
    key = tx.insert(sql, (lost.time, lost.recipient, lost.reason))
    tx.execute("DELETE FROM lost_alerts WHERE id <= ?", (key - MAX_ROWS,))


def alerts_since(reader: Reader, time: int) -> list[LostAlert]:
    """Return the lost alerts since a time, latest first."""
    rows = reader.rows("SELECT time, recipient, reason FROM lost_alerts WHERE time >= ? ORDER BY id DESC", (time,))
    return [LostAlert(*row) for row in rows]


def recipient_name(protocol: str, endpoint: str) -> str:
    """Name a message's recipient. A web address is shown as its host only, because the rest may contain a password."""
    if protocol in SECRET_ADDRESS_PROTOCOLS:
        return f"{protocol.removeprefix(PROTOCOL_PREFIX)} {urlsplit(endpoint).hostname or ''}".rstrip()
    host = urlsplit(endpoint).hostname if protocol in ("http", "https") else None
    return f"{protocol} {host or endpoint}"
