"""Send messages: SendMessage and SendMessageBatch.

Guarantees that an acknowledged message is on disk, and that a FIFO queue accepts a message once in five minutes,
however often it is sent. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import (
    WRONG_QUEUE_TYPE,
    BatchRequestTooLong,
    InvalidParameterValue,
    MissingParameter,
    invalid_value,
)
from lamplighter.services.sqs.messages import batches, md5_digests, message_content
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.queues.queue_attributes import (
    DEDUPLICATION_SCOPE,
    GROUP_SCOPE,
    MAX_MESSAGE_BYTES,
    numeric_attribute,
)
from lamplighter.services.sqs.tables import fifo_requests, message_counts
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws

MAX_DELAY_SECONDS = 900
DEDUPLICATION_INTERVAL = 5 * 60 * 1000
""""the 5-minute deduplication interval", in milliseconds."""
TOKEN_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")
FIRST_SEQUENCE, SEQUENCE_STEP = 18_849_496_460_467_696_128, 256
"""Sequence numbers are "large, non-consecutive" and equally long, so that comparing them as text works, too."""


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A checked message that is not sent yet."""

    body: str
    attributes: message_content.Attributes
    system_attributes: message_content.Attributes
    delay: int
    """The delay in milliseconds."""
    group: str | None
    deduplication_id: str | None
    size: int
    """The bytes of the body and the attributes."""


class MessageSender:
    """The operations that send messages."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def send(self, tx: Tx, caller: Caller, params: "aws.SendMessageInput") -> Json:
        """Send a message (SendMessage)."""
        return self._send(tx, caller, find_queue(tx, caller, params["QueueUrl"]), params)

    def send_batch(self, tx: Tx, caller: Caller, params: "aws.SendMessageBatchInput") -> Json:
        """Send several messages (SendMessageBatch)."""
        queue = find_queue(tx, caller, params["QueueUrl"])
        entries = batches.read_entries(params, "SendMessageBatchRequestEntry")
        for entry in entries:  # measured against AWS: one entry without its IDs fails them all
            _require_ids(queue, entry)
        total = sum(
            message_content.content_size(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in entries
        )
        if total > MAX_MESSAGE_BYTES:
            raise BatchRequestTooLong(MAX_MESSAGE_BYTES, total)
        return batches.process_entries(tx, entries, lambda entry: self._send(tx, caller, queue, entry))

    def _send(self, tx: Tx, caller: Caller, queue: Queue, params: Json) -> Json:
        draft = _draft(queue, params)
        now = self._world.monotonic()
        scope = (draft.group or "") if queue.attributes.get(DEDUPLICATION_SCOPE) == GROUP_SCOPE else ""
        before = (
            fifo_requests.find_sent(tx, queue.id, scope, draft.deduplication_id, now)
            if draft.deduplication_id is not None
            else None
        )
        uuid, key = before or self._insert_message(tx, caller, queue, draft, now)
        if draft.deduplication_id is not None and before is None:
            fifo_requests.remember_sent(
                tx, queue.id, scope, draft.deduplication_id, uuid, key, now, now + DEDUPLICATION_INTERVAL
            )
        return _answer(queue, draft, uuid, key)

    def _insert_message(self, tx: Tx, caller: Caller, queue: Queue, draft: MessageDraft, now: int) -> tuple[str, int]:
        message = Message(
            id=0,
            queue=queue.id,
            uuid=self._world.uuid(),
            body=draft.body,
            attributes=message_content.dump_attributes(draft.attributes),
            trace=draft.system_attributes.get(message_content.TRACE_HEADER, {}).get("StringValue", caller.trace),
            sender=caller.account,
            sent=tx.now,
            enqueued=now,
            visible=now + draft.delay,
            group_id=draft.group,
            deduplication_id=draft.deduplication_id,
        )
        message_counts.count_sent(tx, queue, draft.size, message.sent)
        return message.uuid, self._queue_messages.put(tx, queue, message)


def _draft(queue: Queue, params: Json) -> MessageDraft:
    body = message_content.check_body(params["MessageBody"])
    attributes = message_content.check_attributes(params.get("MessageAttributes", {}))
    system = message_content.check_system_attributes(params.get("MessageSystemAttributes", {}))
    most = numeric_attribute(queue, "MaximumMessageSize")
    size = message_content.content_size(body, attributes)
    if size > most:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    group = read_token(params, "MessageGroupId")
    _require_ids(queue, params)
    delay, deduplication_id = _delay(queue, params), _deduplication_id(queue, params, body)
    return MessageDraft(body, attributes, system, delay, group, deduplication_id, size)


def _require_ids(queue: Queue, params: Json) -> None:
    """Raise an error if a message of a FIFO queue lacks its group or its deduplication ID."""
    if queue.fifo and params.get("MessageGroupId") is None:
        raise MissingParameter("MessageGroupId")
    by_content = queue.attributes.get("ContentBasedDeduplication") == "true"
    if queue.fifo and not by_content and params.get("MessageDeduplicationId") is None:
        raise InvalidParameterValue(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def _delay(queue: Queue, params: Json) -> int:
    delay = params.get("DelaySeconds")
    if delay is None:
        return numeric_attribute(queue, "DelaySeconds") * 1000
    if queue.fifo and delay != 0:
        raise invalid_value(delay, "DelaySeconds", WRONG_QUEUE_TYPE)
    if not 0 <= delay <= MAX_DELAY_SECONDS:
        raise invalid_value(delay, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {MAX_DELAY_SECONDS}.")
    return int(delay) * 1000 if not queue.fifo else numeric_attribute(queue, "DelaySeconds") * 1000


def _deduplication_id(queue: Queue, params: Json, body: str) -> str | None:
    given = read_token(params, "MessageDeduplicationId")
    if not queue.fifo:
        if given is not None:
            raise invalid_value(given, "MessageDeduplicationId", WRONG_QUEUE_TYPE)
        return None
    return given if given is not None else hashlib.sha256(body.encode()).hexdigest()


def read_token(params: Json, name: str) -> str | None:
    """Return a parameter that holds a token, or None. Raises `InvalidParameterValue` for invalid characters."""
    value: str | None = params.get(name)
    if value is not None and not TOKEN_PATTERN.fullmatch(value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_value(value, name, reason)
    return value


def _answer(queue: Queue, draft: MessageDraft, uuid: str, key: int) -> Json:
    answer = {"MessageId": uuid, "MD5OfMessageBody": md5_digests.digest_of_text(draft.body)}
    if draft.attributes:
        answer["MD5OfMessageAttributes"] = md5_digests.digest_of_attributes(draft.attributes)
    if draft.system_attributes:
        answer["MD5OfMessageSystemAttributes"] = md5_digests.digest_of_attributes(draft.system_attributes)
    if queue.fifo:
        answer["SequenceNumber"] = sequence_number(key)
    return answer


def sequence_number(key: int) -> str:
    """Return the sequence number of a message in a FIFO queue."""
    return str(FIRST_SEQUENCE + key * SEQUENCE_STEP)
