"""Store topics, the counters of each, and the messages that a FIFO topic accepted lately."""

from dataclasses import dataclass

from lamplighter.base.json_text import loads_or
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

COUNTERS = ("published", "filtered", "delivered", "failed", "redriven")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, to which messages are published."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch."""
    attributes: dict[str, str]
    """The attributes that were set, by AWS's names."""
    tags: dict[str, str]
    protection: str | None = None
    """The data protection policy."""
    sequence: int = 0
    """The sequence number of the last message of a FIFO topic."""

    @property
    def fifo(self) -> bool:
        """Return whether this is a FIFO topic."""
        return self.name.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message that a FIFO topic accepted."""

    message: str
    """The MessageId."""
    sequence: int


def read_map(text: str) -> dict[str, str]:
    """Return a stored map, or an empty map if it cannot be read, so that the topic then has its defaults."""
    found: dict[str, str] = loads_or(text, {})
    return found


TOPICS = Table("topics", Topic, json={"attributes": read_map, "tags": read_map})


policy_of = TOPICS.member_by("attributes", "Policy", "arn")
"""Return the policy of a topic that has one; nothing else of its row is read."""
get = TOPICS.find_by("arn")
"""Return a topic by its ARN, or None."""


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[str]:
    """Return the ARNs of an account's topics in a region after `after`, in order."""
    sql = "SELECT arn FROM topics WHERE account = ? AND region = ? AND arn > ? ORDER BY arn LIMIT ?"
    return [row[0] for row in reader.rows(sql, (account, region, after, most))]


put = TOPICS.replace
"""Store a topic, new or changed."""


def delete(tx: Tx, arn: str) -> None:
    """Delete a topic with its subscriptions, deliveries and counters."""
    tx.execute("DELETE FROM topics WHERE arn = ?", (arn,))
    for table in ("topic_counts", "accepted_messages", "subscriptions", "sns_deliveries"):
        tx.execute(f"DELETE FROM {table} WHERE topic = ?", (arn,))  # noqa: S608 - our own columns


def increment_count(tx: Tx, topic: str, counter: str, by: int = 1) -> None:
    """Add `by` to the topic's counter `counter`."""
    tx.execute("INSERT OR IGNORE INTO topic_counts VALUES (?, 0, 0, 0, 0, 0)", (topic,))
    tx.execute(f"UPDATE topic_counts SET {counter} = {counter} + ? WHERE topic = ?", (by, topic))  # noqa: S608 - our own columns


def counts(reader: Reader, topic: str) -> dict[str, int]:
    """Return all counters of a topic."""
    row = reader.row(f"SELECT {', '.join(COUNTERS)} FROM topic_counts WHERE topic = ?", (topic,))  # noqa: S608
    return dict(zip(COUNTERS, row or (0,) * len(COUNTERS), strict=True))


def next_sequence(tx: Tx, topic: str) -> int:
    """Increment a FIFO topic's sequence number and return it."""
    tx.execute("UPDATE topics SET sequence = sequence + 1 WHERE arn = ?", (topic,))
    row = tx.row("SELECT sequence FROM topics WHERE arn = ?", (topic,))
    assert row is not None
    number: int = row[0]
    return number


def find_accepted(tx: Tx, topic: str, scope: str, deduplication: str, now: int) -> AcceptedMessage | None:
    """Return the message that was accepted under this deduplication ID, or None if none is remembered."""
    tx.execute("DELETE FROM accepted_messages WHERE topic = ? AND until <= ?", (topic, now))
    sql = "SELECT message, sequence FROM accepted_messages WHERE topic = ? AND scope = ? AND deduplication = ?"
    row = tx.row(sql, (topic, scope, deduplication))
    return AcceptedMessage(*row) if row else None


def remember_accepted(
    tx: Tx, topic: str, scope: str, deduplication: str, accepted: AcceptedMessage, until: int
) -> None:
    """Store an accepted message under its deduplication ID until a time."""
    columns = "topic, scope, deduplication, message, sequence, until"
    tx.execute(
        f"INSERT INTO accepted_messages ({columns}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own columns
        (topic, scope, deduplication, accepted.message, accepted.sequence, until),
    )


any_exists = TOPICS.any_exists
"""Return whether there is any topic."""
