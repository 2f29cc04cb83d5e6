"""Count the messages that are sent, received and deleted in each minute, whether or not they are still in the queue.

Each count is one statement in the transaction of the request: a row of the queue and the minute is found by its key.
"""

from collections.abc import Mapping

from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader, Row, Tx

MINUTE_MILLISECONDS = 60_000
RETENTION_MILLISECONDS = 15 * 86_400_000
"""How long counts are kept, in milliseconds: as long as CloudWatch keeps data points of one minute."""
_KEY = "account = ? AND region = ? AND queue = ? AND minute = ?"
MEASURES: Mapping[str, str] = {
    "NumberOfMessagesSent": "1, sent, sent, sent",
    "NumberOfMessagesReceived": "1, received, received, received",
    "NumberOfMessagesDeleted": "1, deleted, deleted, deleted",
    "SentMessageSize": "sent, bytes, smallest, largest",
}
"""By metric: the columns with the number of samples, their sum, the smallest and the largest one."""
_COUNTED: Mapping[str, str] = {
    "NumberOfMessagesReceived": "received > 0",
    "NumberOfMessagesDeleted": "deleted > 0",
    "SentMessageSize": "largest IS NOT NULL",
}
"""By metric: the condition for rows that have it; all rows of older versions have the number of sent messages only."""


def count_sent(tx: Tx, queue: Queue, size: int, now: int) -> None:
    """Count a message of `size` bytes that is sent now."""
    changes = "bytes = bytes + ?, smallest = min(ifnull(smallest, ?), ?), largest = max(ifnull(largest, 0), ?)"
    sql = f"UPDATE sqs_message_counts SET sent = sent + 1, {changes} WHERE {_KEY}"  # noqa: S608
    if not tx.execute(sql, (size, size, size, size, *_key(queue, now))):
        _insert(tx, queue, now, (1, size, size, size, 0, 0))


def count_received(tx: Tx, queue: Queue, number: int, now: int) -> None:
    """Count messages that are received now; a negative number takes back the count of messages that were not."""
    sql = f"UPDATE sqs_message_counts SET received = max(received + ?, 0) WHERE {_KEY}"  # noqa: S608
    if not tx.execute(sql, (number, *_key(queue, now))) and number > 0:
        _insert(tx, queue, now, (0, 0, None, None, number, 0))


def count_deleted(tx: Tx, queue: Queue, now: int) -> None:
    """Count a message that is deleted now."""
    sql = f"UPDATE sqs_message_counts SET deleted = deleted + 1 WHERE {_KEY}"  # noqa: S608
    if not tx.execute(sql, _key(queue, now)):
        _insert(tx, queue, now, (0, 0, None, None, 0, 1))


def _key(queue: Queue, now: int) -> tuple[str, str, str, int]:
    return (queue.account, queue.region, queue.name, now - now % MINUTE_MILLISECONDS)


def _insert(tx: Tx, queue: Queue, now: int, counts: tuple[int | None, ...]) -> None:
    """Insert the row of a minute, and delete the queue's rows that have expired."""
    key = _key(queue, now)
    tx.execute("INSERT INTO sqs_message_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*key, *counts))
    sql = "DELETE FROM sqs_message_counts WHERE account = ? AND region = ? AND queue = ? AND minute < ?"
    tx.execute(sql, (*key[:3], now - RETENTION_MILLISECONDS))


def counts_by_minute(
    reader: Reader, account: str, region: str, queue: str, metric: str, start: int, end: int
) -> list[Row]:
    """Return [minute, samples, sum, smallest, largest] for each minute that has the metric, before `end`."""
    counted = _COUNTED.get(metric, "sent > 0")
    sql = (
        f"SELECT minute, {MEASURES[metric]} FROM sqs_message_counts WHERE account = ? AND region = ? AND queue = ? "  # noqa: S608
        f"AND minute >= ? AND minute < ? AND {counted} ORDER BY minute"
    )
    return reader.rows(sql, (account, region, queue, start, end))
