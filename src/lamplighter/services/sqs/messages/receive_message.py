"""Check ReceiveMessage requests, take the messages, and format the answer.

Guarantees that a message is hidden in the transaction that hands it out. If the receiver has disconnected, the messages
for it are as before. `long_polls.py` does the waiting, `queue_messages.py` takes the messages. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.services.sqs.errors import WRONG_QUEUE_TYPE, InvalidAttributeName, check_range, invalid_value
from lamplighter.services.sqs.messages import md5_digests, message_content, receipt_handles
from lamplighter.services.sqs.messages.queue_messages import QueueMessages, ReceivedMessage
from lamplighter.services.sqs.messages.send_message import DEDUPLICATION_INTERVAL, read_token, sequence_number
from lamplighter.services.sqs.queues.queue_attributes import READABLE_ATTRIBUTES, numeric_attribute
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


@dataclass(frozen=True, slots=True)
class ReceiveRequest:
    """A checked ReceiveMessage request."""

    max_messages: int
    wait_seconds: int
    visibility_timeout: int
    """The visibility timeout, in milliseconds."""
    system_attributes: frozenset[str]
    attribute_names: list[str]
    attempt_id: str | None


def read_request(queue: Queue, params: Json) -> ReceiveRequest:
    """Check a request and apply the queue's defaults."""
    most = check_range(params.get("MaxNumberOfMessages", 1), "MaxNumberOfMessages", 1, MAX_MESSAGES)
    wait = params.get("WaitTimeSeconds", numeric_attribute(queue, "ReceiveMessageWaitTimeSeconds"))
    check_range(wait, "WaitTimeSeconds", 0, MAX_WAIT_SECONDS)
    timeout = params.get("VisibilityTimeout", numeric_attribute(queue, "VisibilityTimeout"))
    check_range(timeout, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS)
    if "ReceiveRequestAttemptId" in params and not queue.fifo:
        raise invalid_value(params["ReceiveRequestAttemptId"], "ReceiveRequestAttemptId", WRONG_QUEUE_TYPE)
    attempt = read_token(params, "ReceiveRequestAttemptId")
    return ReceiveRequest(
        most, wait, timeout * 1000, _read_system_attributes(params), params.get("MessageAttributeNames", []), attempt
    )


def _read_system_attributes(params: Json) -> frozenset[str]:
    requested = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    # The names of queues' attributes are accepted, too, although no message has them.
    for name in sorted(requested - SYSTEM_ATTRIBUTES - READABLE_ATTRIBUTES):
        raise InvalidAttributeName(name)
    return SYSTEM_ATTRIBUTES if "All" in requested else SYSTEM_ATTRIBUTES & requested


def take_messages(
    tx: Tx, queue_messages: QueueMessages, queue: Queue, request: ReceiveRequest, now: int
) -> list[ReceivedMessage]:
    """Receive available messages; a repeated attempt receives the same messages again."""
    taken = _repeat_attempt(tx, queue_messages, queue, request, now) if request.attempt_id is not None else []
    taken = taken or queue_messages.receive(tx, queue, request.max_messages, request.visibility_timeout)
    if taken and request.attempt_id is not None:
        received = [[each.after.id, each.after.total_receives, each.after.visible] for each in taken]
        until = now + DEDUPLICATION_INTERVAL
        fifo_requests.remember_attempt(tx, queue.id, request.attempt_id, received, now, until)
    return taken


def _repeat_attempt(
    tx: Tx, queue_messages: QueueMessages, queue: Queue, request: ReceiveRequest, now: int
) -> list[ReceivedMessage]:
    # "It is possible to retry … if none of the messages have been modified"; that "resets the visibility timeout".
    received = fifo_requests.find_attempt(tx, queue.id, request.attempt_id or "", now) or []
    found = [messages.get(tx, queue.id, key) for key, _, _ in received]
    existing = [message for message in found if message is not None]
    unchanged = [[each.id, each.total_receives, each.visible] for each in existing] == received
    if not unchanged or any(message.visible <= now for message in existing):
        return []
    visible = now + request.visibility_timeout
    for message in existing:
        queue_messages.set_visible_at(tx, queue, message, visible)
    return [ReceivedMessage(replace(message, visible=visible), message) for message in existing]


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
    system = _all_system_attributes(queue, message)
    if requested := {name: system[name] for name in system if name in request.system_attributes}:
        answer["Attributes"] = requested
    names = request.attribute_names
    stored = message_content.load_attributes(message.attributes) if names else {}
    if attributes := message_content.requested_attributes(stored, names):
        answer["MessageAttributes"] = attributes
        answer["MD5OfMessageAttributes"] = md5_digests.digest_of_attributes(attributes)
    return answer


def _all_system_attributes(queue: Queue, message: Message) -> dict[str, str]:
    found = {
        "SenderId": message.sender,
        "SentTimestamp": str(message.sent),
        "ApproximateReceiveCount": str(message.total_receives),
        "ApproximateFirstReceiveTimestamp": str(message.first_received),
        "AWSTraceHeader": message.trace,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "SequenceNumber": sequence_number(message.id) if queue.fifo else None,
        "DeadLetterQueueSourceArn": message.source,
    }
    return {name: value for name, value in found.items() if value is not None}
