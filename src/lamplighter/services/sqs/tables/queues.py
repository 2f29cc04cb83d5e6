"""Read and write queues, and the names of recently deleted queues."""

from dataclasses import dataclass, replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "sqs"
"""The service's name in ARNs and timers."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue."""

    id: int
    """The key of the queue's messages; a purge gives the queue a new one."""
    account: str
    region: str
    name: str
    created: int
    """When the queue was created, in milliseconds since the epoch, like `modified`."""
    modified: int
    attributes: dict[str, str]
    """The attributes that were set, by AWS's names."""
    tags: dict[str, str]
    dead_letter: str | None = None
    """The ARN of the dead-letter queue, as in the redrive policy."""
    purged: int | None = None
    """When the queue was last purged, on the steady clock."""
    messages: int = 0
    """The number of messages, including expired ones that are not deleted yet."""

    @property
    def arn(self) -> str:
        """The ARN of the queue."""
        return arn.build(SERVICE, self.region, self.account, self.name)

    @property
    def fifo(self) -> bool:
        """Whether the queue is a FIFO queue."""
        return self.name.endswith(".fifo")


QUEUES = Table("sqs_queues", Queue, json={"attributes": loads, "tags": loads})


policy_of = QUEUES.member_by("attributes", "Policy", "account", "region", "name")
"""Return the policy of a queue that has one; nothing else of its row is read."""
get = QUEUES.find_by("account", "region", "name")
"""Return a queue by its name, or None."""
get_by_id = QUEUES.find_by("id")
"""Return the queue with this key, or None if its messages no longer belong to a queue."""
page = QUEUES.page_by("account", "region", "name")
"""Return queues of an account and region with a prefix, after a name, in order of name."""
dead_letter_sources = QUEUES.page_by("dead_letter", "name")
"""Return queues whose dead-letter queue has this ARN, after a name, in order of name."""
put = QUEUES.insert
"""Insert a new queue, ignoring its id; return the id of the row."""


def set_attributes(tx: Tx, key: int, attributes: dict[str, str], dead_letter: str | None, modified: int) -> None:
    """Replace the attributes of a queue."""
    sql = "UPDATE sqs_queues SET attributes = ?, dead_letter = ?, modified = ? WHERE id = ?"
    tx.execute(sql, (dumps(attributes), dead_letter, modified, key))


def tag(tx: Tx, key: int, tags: dict[str, str]) -> None:
    """Replace the tags of a queue."""
    tx.execute("UPDATE sqs_queues SET tags = ? WHERE id = ?", (dumps(tags), key))


def empty_queue(tx: Tx, queue: Queue, now: int) -> None:
    """Detach all messages of a queue by giving it a new key, which takes the same time for any number of messages."""
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    put(tx, replace(queue, purged=now, messages=0))


def delete(tx: Tx, queue: Queue, now: int) -> None:
    """Delete a queue and remember its name."""
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    sql = "INSERT OR REPLACE INTO sqs_deleted (account, region, name, deleted) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (queue.account, queue.region, queue.name, now))


def deleted_at(reader: Reader, account: str, region: str, name: str) -> int | None:
    """Return when a queue of this name was deleted, on the steady clock, or None if that is not remembered."""
    sql = "SELECT deleted FROM sqs_deleted WHERE account = ? AND region = ? AND name = ?"
    return reader.value(sql, (account, region, name))


def delete_old_names(tx: Tx, before: int) -> None:
    """Delete the names of queues that were deleted before a time."""
    tx.execute("DELETE FROM sqs_deleted WHERE deleted < ?", (before,))
