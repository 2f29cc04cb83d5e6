"""Groups of messages in FIFO queues: each group's messages are received in order, and by one receiver at a time."""

from lamplighter.services.sqs.tables.messages import SELECT, Message
from lamplighter.store.db import Reader, Tx

MOST_IN_FLIGHT = 10
"""How many messages of a group can be in flight: as many as one receive takes, and always the first of the group."""


def ready_groups(reader: Reader, queue: int, now: int, most: int) -> list[str]:
    """Groups that give messages now, those first that have waited longest."""
    sql = "SELECT name FROM sqs_groups WHERE queue = ? AND ready <= ? ORDER BY ready, name LIMIT ?"
    return [row[0] for row in reader.rows(sql, (queue, now, most))]


def next_ready(reader: Reader, queue: int) -> int | None:
    """From when the first group gives messages."""
    row = reader.row("SELECT min(ready) FROM sqs_groups WHERE queue = ?", (queue,))
    return row[0] if row else None


def first_messages(reader: Reader, queue: int, group: str, most: int) -> list[Message]:
    """The first messages of a group."""
    sql = f"{SELECT} WHERE queue = ? AND grp = ? ORDER BY id LIMIT ?"
    return [Message(*row) for row in reader.rows(sql, (queue, group, most))]


def add_message(tx: Tx, queue: int, group: str, visible: int) -> None:
    """A message came as the last of a group; where it is the first as well, the group gives messages when it does."""
    sql = "INSERT OR IGNORE INTO sqs_groups (queue, name, ready) VALUES (?, ?, ?)"
    tx.execute(sql, (queue, group, visible))


def update_group(tx: Tx, queue: int, group: str) -> None:
    """Something has happened to the messages of a group: find out from when it gives messages."""
    sql = "SELECT visible, tries FROM sqs_messages WHERE queue = ? AND grp = ? ORDER BY id LIMIT ?"
    found = tx.rows(sql, (queue, group, MOST_IN_FLIGHT))
    if not found:
        tx.execute("DELETE FROM sqs_groups WHERE queue = ? AND name = ?", (queue, group))
        return
    when = max(visible for at, (visible, tries) in enumerate(found) if at == 0 or tries > 0)
    tx.execute("INSERT OR REPLACE INTO sqs_groups (queue, name, ready) VALUES (?, ?, ?)", (queue, group, when))


def clear(tx: Tx, queue: int, most: int) -> int:
    """Forget groups of a queue that is no more; how many were forgotten."""
    sql = "DELETE FROM sqs_groups WHERE queue = ? AND name IN (SELECT name FROM sqs_groups WHERE queue = ? LIMIT ?)"
    return tx.execute(sql, (queue, queue, most))
