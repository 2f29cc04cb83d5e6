"""Show messages without receiving them, send one back to its source queue, or discard one; the console uses this.

Guarantees that peeking changes nothing, whereas a receive is counted and may move the message to the dead-letter queue.
A message that is sent again is moved as a message move task moves it, in one transaction. The operations are on the bus
only, as PeekMessages, RedriveMessage and DeleteMessageById; they are not in AWS's models, so clients cannot call them.
"""

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import InvalidParameterValue, QueueDoesNotExist, ResourceNotFound
from lamplighter.services.sqs.messages import message_content
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.queue_urls import find_by_arn
from lamplighter.services.sqs.queues.move_tasks import MoveTasks
from lamplighter.services.sqs.tables import messages
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader, Tx

PAGE_SIZE = 25


class MessagePeeker:
    """The console's operations on messages."""

    def __init__(self, world: World, queue_messages: QueueMessages, moves: MoveTasks) -> None:
        self._world = world
        self._queue_messages = queue_messages
        self._moves = moves

    def peek(self, reader: Reader, _caller: Caller, params: Json) -> Json:
        """Return a message by its id, or a page in the order in which messages can be received (PeekMessages)."""
        queue, now = _find_queue(reader, params), self._world.monotonic()
        if "Id" in params:
            message = messages.get(reader, queue.id, params["Id"])
            return {"Messages": [_to_api(message, now)] if message is not None else []}
        found = messages.page(reader, queue.id, params.get("After", (-1, 0, 0)), PAGE_SIZE + 1)
        answer: Json = {"Messages": [_to_api(each, now) for each in found[:PAGE_SIZE]]}
        last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
        return answer | ({"After": (last.visible, last.receives, last.id)} if last else {})

    def redrive_message(self, tx: Tx, _caller: Caller, params: Json) -> None:
        """Move a message back to the queue that moved it to this dead-letter queue (RedriveMessage)."""
        queue, message = self._find_message(tx, params)
        if message.source is None:
            raise InvalidParameterValue("This message was sent to this queue directly, so it has no source queue.")
        destination = find_by_arn(tx, message.source)
        if destination is None:
            raise ResourceNotFound(f"The queue {message.source} no longer exists.")
        self._moves.move(tx, queue, destination, message)

    def delete_message(self, tx: Tx, _caller: Caller, params: Json) -> None:
        """Delete a message (DeleteMessageById)."""
        self._queue_messages.delete(tx, *self._find_message(tx, params))

    def _find_message(self, tx: Tx, params: Json) -> tuple[Queue, Message]:
        queue = _find_queue(tx, params)
        message = messages.get(tx, queue.id, params["Id"])
        return queue, require(message, lambda: ResourceNotFound("This message is no longer in the queue."))


def _find_queue(reader: Reader, params: Json) -> Queue:
    return require(find_by_arn(reader, params["QueueArn"]), QueueDoesNotExist)


def _to_api(message: Message, now: int) -> Json:
    return {
        "Id": message.id,
        "MessageId": message.uuid,
        "Body": message.body,
        "Attributes": message_content.load_attributes(message.attributes),
        "Sent": message.sent / 1000,
        "Receives": message.receives,
        "Hidden": message.visible > now,
        "Group": message.group_id,
        "Source": message.source,
    }
