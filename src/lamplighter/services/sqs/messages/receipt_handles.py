"""Write and read receipt handles, which identify one receive of a message.

Guarantees that a handle is valid as long as its message exists, across restarts. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
"""

from base64 import b64decode, b64encode

from lamplighter.services.sqs.errors import ReceiptHandleIsInvalid, ReceiptHandleOfAnotherQueue
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue

HANDLE_PREFIX = "AQEB"
MAX_INTEGER = 2**63


def write_handle(queue: Queue, message: Message) -> str:
    """Return the handle of a message's latest receive."""
    text = f"{queue.arn} {message.id} {message.total_receives}"
    return HANDLE_PREFIX + b64encode(text.encode()).decode()


def read_handle(queue: Queue, handle: str) -> tuple[int, int]:
    """Return the message's id and its number of receives at that time. Raises an error for another handle."""
    try:
        text = b64decode(handle.removeprefix(HANDLE_PREFIX).encode(), validate=True).decode()
        owner, message, received = text.split(" ")
        receipt = int(message), int(received)
    except ValueError:
        raise ReceiptHandleIsInvalid(handle) from None
    if not handle.startswith(HANDLE_PREFIX) or not 0 < receipt[0] < MAX_INTEGER:
        raise ReceiptHandleIsInvalid(handle)
    if owner != queue.arn:
        raise ReceiptHandleOfAnotherQueue(handle)
    return receipt
