"""Send messages: SendMessage and SendMessageBatch.

Guarantees that an acknowledged message is on disk, and that a FIFO queue accepts a message once in five minutes,
however often it is sent. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html.
"""

import hashlib
import re
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import BatchRequestTooLong, InvalidParameterValue, MissingParameter, invalid_value
from lamplighter.services.sqs.messages import batches, md5_digests, message_content
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.queues.queue_attributes import GROUP_SCOPE, LARGEST_MESSAGE, SCOPE, number_attribute
from lamplighter.services.sqs.tables import fifo_requests, sent_counts
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

LONGEST_DELAY = 900
DEDUPLICATION = 5 * 60 * 1000
""""the 5-minute deduplication interval", in milliseconds."""
TOKEN = re.compile(r"[\x21-\x7e]{1,128}")
FIRST_SEQUENCE, SEQUENCE_STEP = 18_849_496_460_467_696_128, 256
"""Sequence numbers are "large, non-consecutive" and equally long, so that comparing them as text works, too."""


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A checked message that is not sent yet."""

    body: str
    attributes: message_content.Attributes
    system: message_content.Attributes
    delay: int
    """The delay in milliseconds."""
    group: str | None
    dedup: str | None


class MessageSender:
    """The operations that send messages."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def send(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Send a message (SendMessage)."""
        return self._send(tx, caller, find_queue(tx, caller, params["QueueUrl"]), params)

    def send_batch(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Send several messages (SendMessageBatch)."""
        queue = find_queue(tx, caller, params["QueueUrl"])
        entries = batches.read_entries(params, "SendMessageBatchRequestEntry")
        total = sum(
            message_content.content_size(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in entries
        )
        if total > LARGEST_MESSAGE:
            raise BatchRequestTooLong(LARGEST_MESSAGE, total)
        return batches.run_entries(tx, entries, lambda entry: self._send(tx, caller, queue, entry))

    def _send(self, tx: Tx, caller: Caller, queue: Queue, params: Json) -> Json:
        draft = _draft(queue, params)
        now = self._world.monotonic()
        scope = (draft.group or "") if queue.attributes.get(SCOPE) == GROUP_SCOPE else ""
        before = fifo_requests.find_sent(tx, queue.id, scope, draft.dedup, now) if draft.dedup is not None else None
        uuid, key = before or self._put(tx, caller, queue, draft, now)
        if draft.dedup is not None and before is None:
            fifo_requests.remember_sent(tx, queue.id, scope, draft.dedup, uuid, key, now, now + DEDUPLICATION)
        return _answer(queue, draft, uuid, key)

    def _put(self, tx: Tx, caller: Caller, queue: Queue, draft: MessageDraft, now: int) -> tuple[str, int]:
        message = Message(
            id=0,
            queue=queue.id,
            uuid=self._world.uuid(),
            body=draft.body,
            attributes=message_content.dump_attributes(draft.attributes),
            trace=draft.system.get(message_content.TRACE, {}).get("StringValue"),
            sender=caller.account,
            sent=self._world.now(),
            enqueued=now,
            visible=now + draft.delay,
            grp=draft.group,
            dedup=draft.dedup,
        )
        sent_counts.count(tx, queue.account, queue.region, queue.name, message.sent)
        return message.uuid, self._queue_messages.put(tx, queue, message)


def _draft(queue: Queue, params: Json) -> MessageDraft:
    body = message_content.check_body(params["MessageBody"])
    attributes = message_content.check_attributes(params.get("MessageAttributes", {}))
    system = message_content.check_system(params.get("MessageSystemAttributes", {}))
    most = number_attribute(queue, "MaximumMessageSize")
    if message_content.content_size(body, attributes) > most:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    group = _token(params, "MessageGroupId")
    if queue.fifo and group is None:
        raise MissingParameter("MessageGroupId")
    return MessageDraft(body, attributes, system, _delay(queue, params), group, _dedup(queue, params, body))


def _delay(queue: Queue, params: Json) -> int:
    delay = params.get("DelaySeconds")
    if delay is None:
        return number_attribute(queue, "DelaySeconds") * 1000
    if queue.fifo and delay != 0:
        raise invalid_value(
            delay, "DelaySeconds", "The request include parameter that is not valid for this queue type."
        )
    if not 0 <= delay <= LONGEST_DELAY:
        raise invalid_value(delay, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.")
    return int(delay) * 1000 if not queue.fifo else number_attribute(queue, "DelaySeconds") * 1000


def _dedup(queue: Queue, params: Json, body: str) -> str | None:
    given = _token(params, "MessageDeduplicationId")
    if not queue.fifo:
        if given is not None:
            reason = "The request includes a parameter that is not valid for this queue type."
            raise invalid_value(given, "MessageDeduplicationId", reason)
        return None
    if given is not None:
        return given
    if queue.attributes.get("ContentBasedDeduplication") != "true":
        raise InvalidParameterValue(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    return hashlib.sha256(body.encode()).hexdigest()


def _token(params: Json, name: str) -> str | None:
    value: str | None = params.get(name)
    if value is not None and not TOKEN.fullmatch(value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_value(value, name, reason)
    return value


def _answer(queue: Queue, draft: MessageDraft, uuid: str, key: int) -> Json:
    answer = {"MessageId": uuid, "MD5OfMessageBody": md5_digests.digest_of_text(draft.body)}
    if draft.attributes:
        answer["MD5OfMessageAttributes"] = md5_digests.digest_of_attributes(draft.attributes)
    if draft.system:
        answer["MD5OfMessageSystemAttributes"] = md5_digests.digest_of_attributes(draft.system)
    if queue.fifo:
        answer["SequenceNumber"] = sequence_number(key)
    return answer


def sequence_number(key: int) -> str:
    """Return the sequence number of a message in a FIFO queue."""
    return str(FIRST_SEQUENCE + key * SEQUENCE_STEP)
