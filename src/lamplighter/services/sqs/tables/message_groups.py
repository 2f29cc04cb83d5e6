"""Read and write the message groups of FIFO queues, whose messages are received in order.

The first message of a group that is not deleted decides: while it is in flight, the group waits. A receive takes the
messages before the first hidden one. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html.
"""

from lamplighter.services.sqs.tables.messages import MESSAGES, Message
from lamplighter.store.db import Reader, Tx


def ready_groups(reader: Reader, queue: int, now: int, most: int) -> list[str]:
    """Return the groups with messages that can be received now, the longest waiting first."""
    sql = "SELECT name FROM sqs_groups WHERE queue = ? AND ready <= ? ORDER BY ready, name LIMIT ?"
    return [row[0] for row in reader.rows(sql, (queue, now, most))]


def next_ready(reader: Reader, queue: int) -> int | None:
    """Return when the first group has messages that can be received, or None if there is no group."""
    return reader.value("SELECT min(ready) FROM sqs_groups WHERE queue = ?", (queue,))


def first_messages(reader: Reader, queue: int, group: str, most: int) -> list[Message]:
    """Return the first messages of a group."""
    return MESSAGES.select(reader, "queue = ? AND group_id = ? ORDER BY id LIMIT ?", queue, group, most)


def add_message(tx: Tx, queue: int, group: str, visible: int) -> None:
    """Record a new last message of a group; if the group is new, it is ready when the message becomes visible."""
    sql = "INSERT OR IGNORE INTO sqs_groups (queue, name, ready) VALUES (?, ?, ?)"
    tx.execute(sql, (queue, group, visible))


def update_group(tx: Tx, queue: int, group: str) -> None:
    """Update when a group is ready, after any change to its messages; delete the group if it is empty."""
    sql = "SELECT visible FROM sqs_messages WHERE queue = ? AND group_id = ? ORDER BY id LIMIT 1"
    when = tx.value(sql, (queue, group))
    if when is None:
        tx.execute("DELETE FROM sqs_groups WHERE queue = ? AND name = ?", (queue, group))
        return
    tx.execute("INSERT OR REPLACE INTO sqs_groups (queue, name, ready) VALUES (?, ?, ?)", (queue, group, when))


def clear(tx: Tx, queue: int, most: int) -> int:
    """Delete groups of a queue that no longer exists, at most `most`; return the number of rows."""
    sql = "DELETE FROM sqs_groups WHERE queue = ? AND name IN (SELECT name FROM sqs_groups WHERE queue = ? LIMIT ?)"
    return tx.execute(sql, (queue, queue, most))
