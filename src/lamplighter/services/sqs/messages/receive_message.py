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
from lamplighter.services.sqs.messages.send_message import DEDUPLICATION_INTERVAL, TOKEN_PATTERN, sequence_number
from lamplighter.services.sqs.queues.queue_attributes import numeric_attribute
from lamplighter.services.sqs.tables import fifo_requests, messages
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Tx

MAX_MESSAGES, MAX_WAIT_SECONDS, MAX_VISIBILITY_SECONDS = 10, 20, 43_200
SYSTEM_ATTRIBUTES = frozenset(
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
QUEUE_ATTRIBUTES = frozenset(
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

    max_messages: int
    wait_seconds: int
    """The longest wait for messages, in seconds."""
    visibility_timeout: int
    """The visibility timeout, in milliseconds."""
    system_attributes: frozenset[str]
    attribute_names: list[str]
    attempt_id: str | None


def read_request(queue: Queue, params: Json) -> ReceiveRequest:
    """Check a request and apply the queue's defaults."""
    most = params.get("MaxNumberOfMessages", 1)
    if not 1 <= most <= MAX_MESSAGES:
        raise invalid_value(most, "MaxNumberOfMessages", f"Must be between 1 and {MAX_MESSAGES}, if provided.")
    wait = params.get("WaitTimeSeconds", numeric_attribute(queue, "ReceiveMessageWaitTimeSeconds"))
    if not 0 <= wait <= MAX_WAIT_SECONDS:
        raise invalid_value(wait, "WaitTimeSeconds", f"Must be >= 0 and <= {MAX_WAIT_SECONDS}, if provided.")
    timeout = params.get("VisibilityTimeout", numeric_attribute(queue, "VisibilityTimeout"))
    if not 0 <= timeout <= MAX_VISIBILITY_SECONDS:
        raise invalid_value(timeout, "VisibilityTimeout", f"Must be >= 0 and <= {MAX_VISIBILITY_SECONDS}, if provided.")
    attempt = params.get("ReceiveRequestAttemptId")
    if attempt is not None and not queue.fifo:
        reason = "The request includes a parameter that is not valid for this queue type."
        raise invalid_value(attempt, "ReceiveRequestAttemptId", reason)
    if attempt is not None and not TOKEN_PATTERN.fullmatch(attempt):
        reason = "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_value(attempt, "ReceiveRequestAttemptId", reason)
    return ReceiveRequest(
        most, wait, timeout * 1000, _read_system_attributes(params), params.get("MessageAttributeNames", []), attempt
    )


def _read_system_attributes(params: Json) -> frozenset[str]:
    requested = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    for name in sorted(requested - SYSTEM_ATTRIBUTES - QUEUE_ATTRIBUTES):
        raise InvalidAttributeName(name)
    return SYSTEM_ATTRIBUTES if "All" in requested else SYSTEM_ATTRIBUTES & requested


class MessageReceiver:
    """The part of ReceiveMessage that takes messages from a queue."""

    def __init__(self, world: World, queue_messages: QueueMessages) -> None:
        self._world = world
        self._queue_messages = queue_messages

    def take(self, tx: Tx, queue: Queue, request: ReceiveRequest) -> list[ReceivedMessage]:
        """Receive available messages; a repeated attempt receives the same messages again."""
        if request.attempt_id is None:
            return self._queue_messages.receive(tx, queue, request.max_messages, request.visibility_timeout)
        now = self._world.monotonic()
        taken = self._repeat_attempt(tx, queue, request, now) or self._queue_messages.receive(
            tx, queue, request.max_messages, request.visibility_timeout
        )
        if taken:
            received = [[each.after.id, each.after.received, each.after.visible] for each in taken]
            fifo_requests.remember_attempt(
                tx, queue.id, request.attempt_id, received, now, now + DEDUPLICATION_INTERVAL
            )
        return taken

    def _repeat_attempt(self, tx: Tx, queue: Queue, request: ReceiveRequest, now: int) -> list[ReceivedMessage]:
        # "It is possible to retry … if none of the messages have been modified"; that "resets the visibility timeout".
        assert request.attempt_id is not None
        received = fifo_requests.find_attempt(tx, queue.id, request.attempt_id, now) or []
        found = [messages.get(tx, queue.id, key) for key, _, _ in received]
        existing = [message for message in found if message is not None]
        if [[each.id, each.received, each.visible] for each in existing] != received or any(
            m.visible <= now for m in existing
        ):
            return []
        for message in existing:
            self._queue_messages.set_visible_at(tx, queue, message, now + request.visibility_timeout)
        after = [messages.get(tx, queue.id, message.id) for message in existing]
        return [ReceivedMessage(one, other) for one, other in zip(after, existing, strict=True) if one is not None]


def messages_to_api(queue: Queue, taken: Iterable[ReceivedMessage], request: ReceiveRequest) -> Json:
    """Return messages in the API's form."""
    answers = [_to_api(queue, each.after, request) for each in taken]
    return {"Messages": answers} if answers else {}


def _to_api(queue: Queue, message: Message, request: ReceiveRequest) -> Json:
    answer: dict[str, Json] = {
        "MessageId": message.uuid,
        "ReceiptHandle": receipt_handles.write_handle(queue, message),
        "MD5OfBody": md5_digests.digest_of_text(message.body),
        "Body": message.body,
    }
    system = {
        name: value
        for name, value in _all_system_attributes(queue, message).items()
        if name in request.system_attributes
    }
    if system:
        answer["Attributes"] = system
    attributes = (
        message_content.requested_attributes(
            message_content.load_attributes(message.attributes), request.attribute_names
        )
        if request.attribute_names
        else {}
    )
    if attributes:
        answer["MessageAttributes"] = attributes
        answer["MD5OfMessageAttributes"] = md5_digests.digest_of_attributes(attributes)
    return answer


def _all_system_attributes(queue: Queue, message: Message) -> dict[str, str]:
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
