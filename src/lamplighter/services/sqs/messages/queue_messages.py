"""Manage the messages in queues: add, receive, hide and delete them.

Guarantees that waiting receivers learn of every change. `retention.py` deletes expired messages;
`queues/dead_letter_queues.py` decides which messages move to a dead-letter queue. For each group of a FIFO queue, a row
states when its messages can be received. A receive takes few statements and uses an index, however many messages there
are. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile

from lamplighter.base.world import World
from lamplighter.services.sqs.errors import OverLimit
from lamplighter.services.sqs.messages import retention
from lamplighter.services.sqs.messages.waiting_receivers import WaitingReceivers
from lamplighter.services.sqs.queues import dead_letter_queues
from lamplighter.services.sqs.tables import message_groups, messages, queues
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader, Tx

MAX_EXAMINED_PER_RECEIVE = 200
"""The most messages that a receive examines."""
MAX_IN_FLIGHT = 120_000


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A received message: after the receive, and before it."""

    after: Message
    before: Message


class QueueMessages:
    """The messages of all queues."""

    def __init__(self, world: World, waiting_receivers: WaitingReceivers) -> None:
        self._world = world
        self._waiting_receivers = waiting_receivers

    # --- adding -------------------------------------------------------------------------------------------------------

    def put(self, tx: Tx, queue: Queue, message: Message) -> int:
        """Add a new message, which names this queue; return the message's id."""
        key = messages.put(tx, message)
        if queue.messages == 0:
            retention.schedule_slice(tx, queue.id, message.enqueued + retention.period_milliseconds(queue))
        if queue.fifo:
            message_groups.add_message(tx, queue.id, message.group_id or "", message.visible)
        self._waiting_receivers.notify(tx, queue)
        return key

    # --- receiving ----------------------------------------------------------------------------------------------------

    def next_available(self, reader: Reader, queue: Queue) -> int | None:
        """Return when the first message can be received, or None if there is none."""
        return message_groups.next_ready(reader, queue.id) if queue.fifo else messages.next_visible(reader, queue.id)

    def available(self, tx: Tx, queue: Queue, most: int) -> list[Message]:
        """Return messages that can be received now, and delete those among them that have expired."""
        now = self._world.monotonic()
        found, expired = _receivable(tx, queue, most, now), now - retention.period_milliseconds(queue)
        expired_messages = [message for message in found if message.enqueued <= expired]
        messages.delete(tx, (message.id for message in expired_messages))
        self.on_groups_changed(tx, queue, {message.group_id for message in expired_messages})
        return [message for message in found if message.enqueued > expired]

    def receive(self, tx: Tx, queue: Queue, most: int, timeout: int) -> list[ReceivedMessage]:
        """Receive messages and hide them for `timeout` milliseconds.

        Expired messages are deleted on the way. Messages that were received too often move to the dead-letter queue.
        """
        now, taken = self._world.monotonic(), list[ReceivedMessage]()
        if self._is_full(tx, queue, now):
            return []
        expired, examined = now - retention.period_milliseconds(queue), 0
        target = dead_letter_queues.find_target(tx, queue)
        while examined < MAX_EXAMINED_PER_RECEIVE:
            found = _receivable(tx, queue, most - len(taken), now)
            for message in found:
                if message.enqueued <= expired:
                    messages.delete(tx, [message.id])
                elif target is not None and target.takes(message):
                    messages.delete(tx, [message.id])
                    self.put(tx, target.queue, dead_letter_queues.to_dead_letter(queue, target.queue, message, now))
                else:
                    taken.append(self._hide_received(tx, message, now, timeout))
            if found:
                self.on_groups_changed(tx, queue, {message.group_id for message in found})
            if not found or len(taken) == most:
                break
            examined += len(found)
        return taken

    def _hide_received(self, tx: Tx, message: Message, now: int, timeout: int) -> ReceivedMessage:
        after = replace(
            message,
            # At least a millisecond, so that one receive does not take the message twice.
            visible=now + max(timeout, 1),
            receives=message.receives + 1,
            total_receives=message.total_receives + 1,
            first_received=message.first_received or tx.now,
            last_received=now,
        )
        messages.save_receive(tx, after)
        return ReceivedMessage(after, message)

    def _is_full(self, reader: Reader, queue: Queue, now: int) -> bool:
        """Return True if a FIFO queue has the most messages in flight. Raises `OverLimit` for a standard queue."""
        if queue.messages <= MAX_IN_FLIGHT or messages.count_hidden(reader, queue.id, now)[0] < MAX_IN_FLIGHT:
            return False
        if queue.fifo:
            return True
        raise OverLimit(f"The maximum number of in flight messages is reached: {MAX_IN_FLIGHT}.")

    def undo_receive(self, tx: Tx, queue: Queue, taken: Iterable[ReceivedMessage]) -> None:
        """Undo a receive whose receiver is gone, for messages that have not changed since."""
        unchanged = [each for each in taken if messages.get(tx, queue.id, each.after.id) == each.after]
        for each in unchanged:
            messages.save_receive(tx, each.before)
        self.on_groups_changed(tx, queue, {each.after.group_id for each in unchanged})

    # --- changing and deleting ----------------------------------------------------------------------------------------

    def set_visible_at(self, tx: Tx, queue: Queue, message: Message, visible: int) -> None:
        """Change when a message can be received."""
        messages.set_visible_at(tx, message.id, visible)
        self.on_groups_changed(tx, queue, [message.group_id])

    def delete(self, tx: Tx, queue: Queue, message: Message) -> None:
        """Delete a message."""
        messages.delete(tx, [message.id])
        self.on_groups_changed(tx, queue, [message.group_id])

    def on_groups_changed(self, tx: Tx, queue: Queue, touched: Iterable[str | None]) -> None:
        """Update message groups after a change to their messages, and notify waiting receivers."""
        if queue.fifo:
            for group in touched:
                message_groups.update_group(tx, queue.id, group or "")
        self._waiting_receivers.notify(tx, queue)

    # --- retention ----------------------------------------------------------------------------------------------------

    def sweep_soon(self, tx: Tx, key: int) -> None:
        """Set the retention timer to now, because messages have expired or belong to no queue any more."""
        retention.schedule_slice(tx, key, self._world.monotonic())

    def sweep(self, tx: Tx, key: int) -> None:
        """Delete a slice of expired messages, or of what a deleted or purged queue has left, and set the next timer."""
        queue = queues.get_by_id(tx, key)
        if queue is None:
            retention.delete_detached(tx, key, self._world)
        elif groups := retention.delete_expired(tx, queue, self._world):
            self.on_groups_changed(tx, queue, groups)


def _receivable(reader: Reader, queue: Queue, most: int, now: int) -> list[Message]:
    """Return messages that can be received now, in their order."""
    if not queue.fifo:
        return messages.available(reader, queue.id, now, most)
    found = list[Message]()
    for group in message_groups.ready_groups(reader, queue.id, now, most):
        heads = message_groups.first_messages(reader, queue.id, group, most - len(found))
        found += takewhile(lambda message: message.visible <= now, heads)
        if len(found) == most:
            break
    return found
