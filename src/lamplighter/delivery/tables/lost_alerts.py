"""Store messages for people that did not reach them, with the reason; the latest thousand are kept."""

from dataclasses import dataclass

from lamplighter.base.chat_services import PROTOCOL_PREFIX, SECRET_ADDRESS_PROTOCOLS
from lamplighter.base.public_address import public_address
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
    """Name a message's recipient, with the part of its address that others may read."""
    word = protocol.removeprefix(PROTOCOL_PREFIX) if protocol in SECRET_ADDRESS_PROTOCOLS else protocol
    return f"{word} {public_address(protocol, endpoint)}".rstrip()
