"""Delete received messages and change their visibility: DeleteMessage, ChangeMessageVisibility, and their batches.

Guarantees that the handle of the latest receive is valid until the message is gone. In a standard queue, so are the
handles of earlier receives: "for standard queues, it's possible that using an older receipt handle still works". In a
FIFO queue, a handle is valid until the visibility timeout ends, which keeps the order. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html and
https://repost.aws/knowledge-center/sqs-receipt-handle-error.
"""

from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import check_range, invalid_value
from lamplighter.services.sqs.messages import batches, receipt_handles
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.messages.receive_message import MAX_VISIBILITY_SECONDS
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.tables import message_counts, messages
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws


class ReceivedMessageOperations:
    """The operations on received messages."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteMessageInput") -> None:
        """Delete a received message (DeleteMessage)."""
        self._delete(tx, find_queue(tx, caller, params["QueueUrl"]), params)

    def delete_batch(self, tx: Tx, caller: Caller, params: "aws.DeleteMessageBatchInput") -> Json:
        """Delete several received messages (DeleteMessageBatch)."""
        queue = find_queue(tx, caller, params["QueueUrl"])
        entries = batches.read_entries(params, "DeleteMessageBatchRequestEntry")
        return batches.process_entries(tx, entries, lambda entry: self._delete(tx, queue, entry))

    def change_visibility(self, tx: Tx, caller: Caller, params: "aws.ChangeMessageVisibilityInput") -> None:
        """Change how long a received message stays hidden (ChangeMessageVisibility)."""
        self._change_visibility(tx, find_queue(tx, caller, params["QueueUrl"]), params)

    def change_visibility_batch(self, tx: Tx, caller: Caller, params: "aws.ChangeMessageVisibilityBatchInput") -> Json:
        """Change how long several received messages stay hidden (ChangeMessageVisibilityBatch)."""
        queue = find_queue(tx, caller, params["QueueUrl"])
        entries = batches.read_entries(params, "ChangeMessageVisibilityBatchRequestEntry")
        return batches.process_entries(tx, entries, lambda entry: self._change_visibility(tx, queue, entry))

    def _delete(self, tx: Tx, queue: Queue, params: Json) -> None:
        handle = params["ReceiptHandle"]
        key, received = receipt_handles.read_handle(queue, handle)
        message = messages.get(tx, queue.id, key)
        if message is None:
            return
        is_latest_receive = message.total_receives == received
        if queue.fifo and not (is_latest_receive and message.visible > self._world.monotonic()):
            raise invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
        self._queue_messages.delete(tx, queue, message)
        message_counts.count_deleted(tx, queue, tx.now)

    def _change_visibility(self, tx: Tx, queue: Queue, params: Json) -> None:
        handle, timeout = params["ReceiptHandle"], params.get("VisibilityTimeout", 0)
        check_range(timeout, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS)
        key, received = receipt_handles.read_handle(queue, handle)
        message = messages.get(tx, queue.id, key)
        is_outdated = message is None or (queue.fifo and message.total_receives != received)
        if message is None or is_outdated or message.last_received is None:
            reason = "Message does not exist or is not available for visibility timeout change."
            raise invalid_value(handle, "ReceiptHandle", reason)
        now = self._world.monotonic()
        if now + timeout * 1000 > message.last_received + MAX_VISIBILITY_SECONDS * 1000:
            reason = f"Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY_SECONDS} seconds]"
            raise invalid_value(timeout, "VisibilityTimeout", reason)
        self._queue_messages.set_visible_at(tx, queue, message, now + timeout * 1000)
