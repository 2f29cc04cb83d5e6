"""Decide when a message moves to a dead-letter queue, and as what; read and check redrive policies.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.services.sqs.errors import invalid_value
from lamplighter.services.sqs.queue_urls import find_by_arn
from lamplighter.services.sqs.tables.messages import Message
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader

REDRIVE_POLICY, REDRIVE_ALLOW_POLICY = "RedrivePolicy", "RedriveAllowPolicy"
MAX_RECEIVES = 1000
MAX_SOURCES = 10
DEFAULT_RECEIVES = 10
"""The maxReceiveCount of policies without one, which earlier versions accepted."""


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """When and where a queue moves messages that are not processed."""

    target: str
    """The ARN of the dead-letter queue."""
    max_receives: int


@dataclass(frozen=True, slots=True)
class DeadLetterTarget:
    """The dead-letter queue to which a queue's messages move, and when they do."""

    queue: Queue
    max_receives: int

    def takes(self, message: Message) -> bool:
        """Return whether a message that could be received moves instead, because it was received too often."""
        return message.receives >= self.max_receives


def find_target(reader: Reader, queue: Queue) -> DeadLetterTarget | None:
    """Return the target of a queue's dead letters; None if it has none, or one that does not exist or refuses them."""
    redrive = redrive_policy(queue.attributes)
    target = find_by_arn(reader, redrive.target) if redrive else None
    if redrive is None or target is None or not allows_source(target, queue.arn):
        return None
    return DeadLetterTarget(target, redrive.max_receives)


def to_dead_letter(queue: Queue, target: Queue, message: Message, now: int) -> Message:
    """Return the message as it is put into `target`, the dead-letter queue of `queue`.

    "For standard queues … the enqueue timestamp is unchanged. For FIFO queues, the enqueue timestamp resets", and
    "the original message's deduplication ID will be replaced with the original message's ID".
    """
    dead = replace(message, queue=target.id, visible=now, receives=0, source=queue.arn)
    return replace(dead, enqueued=now, deduplication_id=message.uuid) if queue.fifo else dead


def redrive_policy(attributes: Mapping[str, str]) -> RedrivePolicy | None:
    """Return a queue's redrive policy, or None; the policy was checked when it was set."""
    text = attributes.get(REDRIVE_POLICY)
    policy = loads(text) if text else None
    if not policy:
        return None
    return RedrivePolicy(policy["deadLetterTargetArn"], int(policy.get("maxReceiveCount", DEFAULT_RECEIVES)))


def check_policies(reader: Reader, source: str, attributes: Mapping[str, str], *, fifo: bool) -> None:
    """Raise an error for policies that SQS rejects; `source` is the ARN of the queue that has them."""
    if attributes.get(REDRIVE_POLICY):
        _check_redrive_policy(reader, source, attributes[REDRIVE_POLICY], fifo=fifo)
    if attributes.get(REDRIVE_ALLOW_POLICY):
        _check_allow_policy(attributes[REDRIVE_ALLOW_POLICY])


def _check_redrive_policy(reader: Reader, source: str, text: str, *, fifo: bool) -> None:
    policy, invalid = loads(text), partial(invalid_value, text, REDRIVE_POLICY)
    if not policy:
        return
    # AWS's documentation names a default of 10 for maxReceiveCount; SQS requires it all the same.
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        if policy.get(name) in (None, ""):
            raise invalid(f"Redrive policy does not contain mandatory attribute: {name}.")
    if set(policy) - {"deadLetterTargetArn", "maxReceiveCount"}:
        raise invalid("Only following attributes are supported: deadLetterTargetArn, maxReceiveCount.")
    target, count = policy["deadLetterTargetArn"], policy["maxReceiveCount"]
    if not _is_receive_count(count):
        values = f"valid values are from 1 to {MAX_RECEIVES} both inclusive."
        raise invalid(f"Invalid value for maxReceiveCount: {count}, {values}")
    target_queue = find_by_arn(reader, target) if isinstance(target, str) else None
    source_arn = arn.parse(source)
    if target_queue is None or source_arn is None:
        raise invalid("Dead letter target does not exist.")
    if target_queue.fifo != fifo:
        raise invalid("Dead-letter queue must be same type of queue as the source.")
    if (target_queue.account, target_queue.region) != (source_arn.account, source_arn.region):
        raise invalid("Dead-letter target owner should be same as the source.")
    if not allows_source(target_queue, source):
        raise invalid("Dead letter target does not allow this source queue.")


def _is_receive_count(value: Json) -> bool:
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else None
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_RECEIVES


def _check_allow_policy(text: str) -> None:
    policy = loads(text)
    sources = policy.get("sourceQueueArns")
    permission = policy.get("redrivePermission")
    listed = isinstance(sources, list) and 1 <= len(sources) <= MAX_SOURCES
    fits = listed and all(isinstance(each, str) for each in sources) if permission == "byQueue" else sources is None
    if permission not in ("allowAll", "denyAll", "byQueue") or not fits or len(policy) > 1 + listed:
        reason = "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format."
        raise invalid_value(text, REDRIVE_ALLOW_POLICY, reason)


def allows_source(target: Queue, source: str) -> bool:
    """Return whether a queue accepts dead letters from a source queue."""
    text = target.attributes.get(REDRIVE_ALLOW_POLICY)
    policy = loads(text) if text else {"redrivePermission": "allowAll"}
    match policy["redrivePermission"]:
        case "allowAll":
            return True
        case "byQueue":
            return source in policy["sourceQueueArns"]
        case _:
            return False
