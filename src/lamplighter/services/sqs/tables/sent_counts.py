"""Count the messages sent to a queue in each minute, whether or not they are still in the queue."""

from lamplighter.store.db import Reader, Row, Tx

MINUTE_MILLISECONDS = 60_000
RETENTION_MILLISECONDS = 15 * 86_400_000
"""How long counts are kept, in milliseconds: as long as CloudWatch keeps data points of one minute."""


def count_message(tx: Tx, account: str, region: str, queue: str, now: int) -> None:
    """Count a message that is sent now; the first message of a minute deletes counts that have expired."""
    minute = now - now % MINUTE_MILLISECONDS
    key = (account, region, queue)
    changed = tx.execute(
        "UPDATE sqs_sent_counts SET number = number + 1 WHERE account = ? AND region = ? AND queue = ? AND minute = ?",
        (*key, minute),
    )
    if not changed:
        tx.execute("INSERT INTO sqs_sent_counts VALUES (?, ?, ?, ?, 1)", (*key, minute))
        sql = "DELETE FROM sqs_sent_counts WHERE account = ? AND region = ? AND queue = ? AND minute < ?"
        tx.execute(sql, (*key, now - RETENTION_MILLISECONDS))


def counts_by_minute(reader: Reader, account: str, region: str, queue: str, start: int, end: int) -> list[Row]:
    """Return [minute, number] for each minute with messages, from `start` and before `end`."""
    sql = (
        "SELECT minute, number FROM sqs_sent_counts WHERE account = ? AND region = ? AND queue = ? "
        "AND minute >= ? AND minute < ? ORDER BY minute"
    )
    return reader.rows(sql, (account, region, queue, start, end))
