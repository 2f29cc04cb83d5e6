"""Receive messages, waiting if necessary; receivers wait in line, and messages go to the first of them.

Guarantees that a receiver waits no longer than it requested, and that it immediately notices messages that are
committed or become visible. Waiting takes no work for the messages of a queue. A receive from a queue without messages
only reads.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.messages import receive_message
from lamplighter.services.sqs.messages.queue_messages import QueueMessages, ReceivedMessage
from lamplighter.services.sqs.messages.receive_message import ReceiveRequest
from lamplighter.services.sqs.messages.waiting_receivers import ReceiverLine, WaitingReceivers
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.tables import message_counts, queues
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader, Store, Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws

MIN_CHECK_MILLISECONDS = 20
"""Milliseconds until the next check if messages are visible but could not be received."""


@dataclass(frozen=True, slots=True)
class LongPolls:
    """The operation ReceiveMessage, with receivers that wait in line."""

    _store: Store
    _world: World
    _waiting_receivers: WaitingReceivers
    _queue_messages: QueueMessages

    def receive(
        self, reader: Reader, caller: Caller, params: "aws.ReceiveMessageInput"
    ) -> Awaitable["aws.ReceiveMessageOutput"]:
        """Receive messages, waiting up to WaitTimeSeconds (ReceiveMessage)."""
        queue = find_queue(reader, caller, params["QueueUrl"])
        request = receive_message.read_request(queue, params)
        return self._wait(queue, request) if request.wait_seconds else self._receive_now(queue, request)

    async def _wait(self, queue: Queue, request: ReceiveRequest) -> Json:
        line = self._waiting_receivers.line(queue)
        with suppress(TimeoutError):
            async with asyncio.timeout(request.wait_seconds), line.head:
                while True:
                    line.changed.clear()
                    found = await self._receive_now(queue, request)
                    if found:
                        return found
                    await self._wait_for_change(line, queue)
        return {}

    async def _wait_for_change(self, line: ReceiverLine, queue: Queue) -> None:
        """Wait until the queue's messages change, or the first of them becomes visible."""
        seconds = None
        if (next_available := self._next_available(queue)) is not None:
            seconds = max(next_available - self._world.monotonic(), MIN_CHECK_MILLISECONDS) / 1000
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await line.changed.wait()

    async def _receive_now(self, queue: Queue, request: ReceiveRequest) -> Json:
        """Return the messages that can be received now."""
        next_available = self._next_available(queue)
        if request.attempt_id is None and (next_available is None or next_available > self._world.monotonic()):
            return {}
        return receive_message.messages_to_api(queue, await self._take(queue, request), request)

    def _next_available(self, queue: Queue) -> int | None:
        current = _current_queue(self._store.reader, queue)
        return self._queue_messages.next_available(self._store.reader, current) if current else None

    async def _take(self, queue: Queue, request: ReceiveRequest) -> list[ReceivedMessage]:
        pending = self._store.write(lambda tx: self._hand_out(tx, queue, request))
        try:
            return await asyncio.shield(pending)
        except asyncio.CancelledError:
            taken = await pending
            if taken:
                await self._store.write(lambda tx: self._put_back(tx, queue, taken))
            raise

    def _hand_out(self, tx: Tx, queue: Queue, request: ReceiveRequest) -> list[ReceivedMessage]:
        current = _current_queue(tx, queue)
        if current is None:
            return []
        taken = receive_message.take_messages(tx, self._queue_messages, current, request, self._world.monotonic())
        if taken:
            message_counts.count_received(tx, current, len(taken), tx.now)
        return taken

    def _put_back(self, tx: Tx, queue: Queue, taken: list[ReceivedMessage]) -> None:
        current = _current_queue(tx, queue)
        if current is not None:
            self._queue_messages.undo_receive(tx, current, taken)
            message_counts.count_received(tx, current, -len(taken), tx.now)


def _current_queue(reader: Reader, queue: Queue) -> Queue | None:
    """Return the queue's current row, or None if the queue is gone."""
    return queues.get(reader, queue.account, queue.region, queue.name)
