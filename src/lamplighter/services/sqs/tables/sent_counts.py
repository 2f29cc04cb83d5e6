"""Count the messages sent to a queue in each minute, whether or not they are still in the queue."""

from lamplighter.store.db import Reader, Row, Tx

MINUTE = 60_000
KEPT = 15 * 86_400_000
"""How long counts are kept, in milliseconds: as long as CloudWatch keeps data points of one minute."""


def count(tx: Tx, account: str, region: str, queue: str, now: int) -> None:
    """Count a message that is sent now; the first message of a minute deletes counts that have expired."""
    minute = now - now % MINUTE
    key = (account, region, queue)
    changed = tx.execute(
        "UPDATE sqs_sent_counts SET number = number + 1 WHERE account = ? AND region = ? AND queue = ? AND minute = ?",
        (*key, minute),
    )
    if not changed:
        tx.execute("INSERT INTO sqs_sent_counts VALUES (?, ?, ?, ?, 1)", (*key, minute))
        sql = "DELETE FROM sqs_sent_counts WHERE account = ? AND region = ? AND queue = ? AND minute < ?"
        tx.execute(sql, (*key, now - KEPT))


def measure(reader: Reader, account: str, region: str, queue: str, start: int, end: int) -> list[Row]:
    """Return [minute, number] for each minute with messages, from `start` and before `end`."""
    sql = (
        "SELECT minute, number FROM sqs_sent_counts WHERE account = ? AND region = ? AND queue = ? "
        "AND minute >= ? AND minute < ? ORDER BY minute"
    )
    return reader.rows(sql, (account, region, queue, start, end))
