"""Check ReceiveMessage requests, take the messages, and format the answer.

Guarantees that a message is hidden in the transaction that hands it out. If the receiver has disconnected, the messages
for it are as before. `long_polls.py` does the waiting. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.services.sqs.errors import InvalidAttributeName, invalid_value
from lamplighter.services.sqs.messages import md5_digests, message_content, receipt_handles
from lamplighter.services.sqs.messages.queue_messages import QueueMessages, ReceivedMessage
from lamplighter.services.sqs.messages.send_message import DEDUPLICATION, TOKEN, sequence_number
from lamplighter.services.sqs.queues.queue_attributes import number_attribute
from lamplighter.services.sqs.tables import fifo_requests, messages
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

MOST, LONGEST_WAIT, LONGEST_TIMEOUT = 10, 20, 43_200
SYSTEM = frozenset(
    {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    }
)
ELSEWHERE = frozenset(
    {
        "All",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "ContentBasedDeduplication",
        "CreatedTimestamp",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "LastModifiedTimestamp",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "Policy",
        "QueueArn",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "VisibilityTimeout",
    }
)
"""Attributes of queues, which AttributeNames also accepts although no message has them."""


@dataclass(frozen=True, slots=True)
class ReceiveRequest:
    """A checked ReceiveMessage request."""

    most: int
    wait: int
    """The longest wait for messages, in seconds."""
    timeout: int
    """The visibility timeout, in milliseconds."""
    system: frozenset[str]
    names: list[str]
    attempt: str | None


def read_request(queue: Queue, params: Json) -> ReceiveRequest:
    """Check a request and apply the queue's defaults."""
    most = params.get("MaxNumberOfMessages", 1)
    if not 1 <= most <= MOST:
        raise invalid_value(most, "MaxNumberOfMessages", f"Must be between 1 and {MOST}, if provided.")
    wait = params.get("WaitTimeSeconds", number_attribute(queue, "ReceiveMessageWaitTimeSeconds"))
    if not 0 <= wait <= LONGEST_WAIT:
        raise invalid_value(wait, "WaitTimeSeconds", f"Must be >= 0 and <= {LONGEST_WAIT}, if provided.")
    timeout = params.get("VisibilityTimeout", number_attribute(queue, "VisibilityTimeout"))
    if not 0 <= timeout <= LONGEST_TIMEOUT:
        raise invalid_value(timeout, "VisibilityTimeout", f"Must be >= 0 and <= {LONGEST_TIMEOUT}, if provided.")
    attempt = params.get("ReceiveRequestAttemptId")
    if attempt is not None and not queue.fifo:
        reason = "The request includes a parameter that is not valid for this queue type."
        raise invalid_value(attempt, "ReceiveRequestAttemptId", reason)
    if attempt is not None and not TOKEN.fullmatch(attempt):
        reason = "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_value(attempt, "ReceiveRequestAttemptId", reason)
    return ReceiveRequest(most, wait, timeout * 1000, _system(params), params.get("MessageAttributeNames", []), attempt)


def _system(params: Json) -> frozenset[str]:
    asked = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    for name in sorted(asked - SYSTEM - ELSEWHERE):
        raise InvalidAttributeName(name)
    return SYSTEM if "All" in asked else SYSTEM & asked


class MessageReceiver:
    """The part of ReceiveMessage that takes messages from a queue."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def take(self, tx: Tx, queue: Queue, asked: ReceiveRequest) -> list[ReceivedMessage]:
        """Receive available messages; a repeated attempt receives the same messages again."""
        if asked.attempt is None:
            return self._queue_messages.receive(tx, queue, asked.most, asked.timeout)
        now = self._world.monotonic()
        taken = self._again(tx, queue, asked, now) or self._queue_messages.receive(tx, queue, asked.most, asked.timeout)
        if taken:
            left = [[each.after.id, each.after.received, each.after.visible] for each in taken]
            fifo_requests.remember_attempt(tx, queue.id, asked.attempt, left, now, now + DEDUPLICATION)
        return taken

    def _again(self, tx: Tx, queue: Queue, asked: ReceiveRequest, now: int) -> list[ReceivedMessage]:
        # "It is possible to retry … if none of the messages have been modified"; that "resets the visibility timeout".
        assert asked.attempt is not None
        left = fifo_requests.find_attempt(tx, queue.id, asked.attempt, now) or []
        found = [messages.get(tx, queue.id, key) for key, _, _ in left]
        kept = [message for message in found if message is not None]
        if [[each.id, each.received, each.visible] for each in kept] != left or any(m.visible <= now for m in kept):
            return []
        for message in kept:
            self._queue_messages.set_visible_at(tx, queue, message, now + asked.timeout)
        after = [messages.get(tx, queue.id, message.id) for message in kept]
        return [ReceivedMessage(one, other) for one, other in zip(after, kept, strict=True) if one is not None]


def messages_to_api(queue: Queue, taken: Iterable[ReceivedMessage], asked: ReceiveRequest) -> Json:
    """Return messages in the API's form."""
    told = [_told(queue, each.after, asked) for each in taken]
    return {"Messages": told} if told else {}


def _told(queue: Queue, message: Message, asked: ReceiveRequest) -> Json:
    told: dict[str, Json] = {
        "MessageId": message.uuid,
        "ReceiptHandle": receipt_handles.write_handle(queue, message),
        "MD5OfBody": md5_digests.digest_of_text(message.body),
        "Body": message.body,
    }
    system = {name: value for name, value in _attributes(queue, message).items() if name in asked.system}
    if system:
        told["Attributes"] = system
    attributes = (
        message_content.requested_attributes(message_content.load_attributes(message.attributes), asked.names)
        if asked.names
        else {}
    )
    if attributes:
        told["MessageAttributes"] = attributes
        told["MD5OfMessageAttributes"] = md5_digests.digest_of_attributes(attributes)
    return told


def _attributes(queue: Queue, message: Message) -> dict[str, str]:
    found = {
        "SenderId": message.sender,
        "SentTimestamp": str(message.sent),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(message.first),
        "AWSTraceHeader": message.trace,
        "MessageGroupId": message.grp,
        "MessageDeduplicationId": message.dedup,
        "SequenceNumber": sequence_number(message.id) if queue.fifo else None,
        "DeadLetterQueueSourceArn": message.source,
    }
    return {name: value for name, value in found.items() if value is not None}
