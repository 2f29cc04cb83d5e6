"""Who waits for messages of which queue, and the news that there may be some.

Promises to hold nothing for a queue for which nobody waits.
"""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class ReceiverLine:
    """The receivers that wait for messages of one queue, in the order in which they came."""

    head: asyncio.Lock = field(default_factory=asyncio.Lock)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Something has happened to the queue's messages."""


class WaitingReceivers:
    """The waiting receivers of all queues."""

    def __init__(self) -> None:
        self._waiting_receivers: WeakValueDictionary[str, ReceiverLine] = WeakValueDictionary()

    def line(self, queue: Queue) -> ReceiverLine:
        """The line of a queue; it is there as long as somebody holds it."""
        line = self._waiting_receivers.get(queue.arn)
        if line is None:
            line = self._waiting_receivers[queue.arn] = ReceiverLine()
        return line

    def notify(self, tx: Tx, queue: Queue) -> None:
        """Something happens to a queue's messages: once it is on disk, let the first in line look."""
        tx.after.append(lambda: self._wake(queue.arn))

    def _wake(self, queue: str) -> None:
        """Let the first in line look, also one that came between the write and its commit: it saw nothing."""
        line = self._waiting_receivers.get(queue)
        if line is not None:
            line.news.set()
