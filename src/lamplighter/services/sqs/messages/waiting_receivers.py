"""Track the receivers that wait for messages, and wake them when a queue may have some.

Guarantees that a queue without waiting receivers takes no memory here.
"""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class ReceiverLine:
    """The receivers that wait for messages of one queue, in order of arrival."""

    head: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the queue's messages change."""


class WaitingReceivers:
    """The waiting receivers of all queues."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[str, ReceiverLine] = WeakValueDictionary()

    def line(self, queue: Queue) -> ReceiverLine:
        """Return the line of a queue; the line exists as long as a receiver holds it."""
        line = self._lines.get(queue.arn)
        if line is None:
            line = self._lines[queue.arn] = ReceiverLine()
        return line

    def notify(self, tx: Tx, queue: Queue) -> None:
        """Wake the first receiver in a queue's line after this transaction is committed."""
        tx.after_commit.append(lambda: self._wake(queue))

    def _wake(self, queue: Queue) -> None:
        """Wake the first receiver, even one that arrived between write and commit and did not see the change."""
        line = self._lines.get(queue.arn) if self._lines else None
        if line is not None:
            line.changed.set()
