"""Check queue attributes and apply their defaults.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html. Encryption
settings are stored and returned; this engine does not encrypt.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json, loads, loads_unique
from lamplighter.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit, TwoEncryptions
from lamplighter.services.sqs.tables.queues import Queue

MAX_MESSAGE_BYTES = 1024 * 1024
DEDUPLICATION_SCOPE, GROUP_SCOPE = "DeduplicationScope", "messageGroup"
THROUGHPUT_LIMIT, GROUP_LIMIT = "FifoThroughputLimit", "perMessageGroupId"

ValueCheck = Callable[[str], bool]


def _between(low: int, high: int) -> ValueCheck:
    return lambda text: text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high


def _one_of(*words: str) -> ValueCheck:
    return lambda text: text in words


MAX_POLICY_BYTES = 8_192
"""The most bytes of a policy:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html."""


def _is_json_object(text: str) -> bool:
    return len(text) <= MAX_POLICY_BYTES and isinstance(loads_unique(text), dict)


_is_boolean = _one_of("true", "false")

_CHECKS: Mapping[str, ValueCheck] = {
    "DelaySeconds": _between(0, 900),
    "MaximumMessageSize": _between(1024, MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": _between(60, 1_209_600),
    "Policy": _is_json_object,
    "ReceiveMessageWaitTimeSeconds": _between(0, 20),
    "VisibilityTimeout": _between(0, 43_200),
    "RedrivePolicy": _is_json_object,
    "RedriveAllowPolicy": _is_json_object,
    "KmsMasterKeyId": lambda _text: True,
    "KmsDataKeyReusePeriodSeconds": _between(60, 86_400),
    "SqsManagedSseEnabled": _is_boolean,
}

_FIFO_CHECKS: Mapping[str, ValueCheck] = {
    "FifoQueue": _one_of("true"),
    "ContentBasedDeduplication": _is_boolean,
    DEDUPLICATION_SCOPE: _one_of(GROUP_SCOPE, "queue"),
    THROUGHPUT_LIMIT: _one_of("perQueue", GROUP_LIMIT),
}

COUNT_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
READABLE_ATTRIBUTES = frozenset(
    {*_CHECKS, *_FIFO_CHECKS, *COUNT_ATTRIBUTES, "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "All"}
)
"""The names by which a queue's attributes can be read."""

_REMOVABLE_ATTRIBUTES = {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"}
"""Attributes that an empty value removes."""

_DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
_FIFO_DEFAULTS: Mapping[str, str] = {
    "ContentBasedDeduplication": "false",
    DEDUPLICATION_SCOPE: "queue",
    THROUGHPUT_LIMIT: "perQueue",
}


def merge_attributes(old: Mapping[str, str], given: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Return a queue's attributes after a change. Raises an error if the queue does not accept a value."""
    known = {**_CHECKS, **_FIFO_CHECKS} if fifo else _CHECKS
    for name, value in given.items():
        if name not in known:
            raise InvalidAttributeName(name)
        if name == "Policy" and len(value.encode()) > MAX_POLICY_BYTES:
            raise OverLimit("Submitted policy is over max allowed size.")
        if not known[name](value) and not (value == "" and name in _REMOVABLE_ATTRIBUTES):
            raise InvalidAttributeValue(name)
    merged = {name: value for name, value in {**old, **given}.items() if value}
    if merged.get(THROUGHPUT_LIMIT) == GROUP_LIMIT and merged.get(DEDUPLICATION_SCOPE) != GROUP_SCOPE:
        raise InvalidAttributeValue(
            THROUGHPUT_LIMIT, f"{GROUP_LIMIT} is allowed only when {DEDUPLICATION_SCOPE} is {GROUP_SCOPE}."
        )
    if merged.get("KmsMasterKeyId"):
        if given.get("SqsManagedSseEnabled") == "true":
            raise TwoEncryptions
        merged["SqsManagedSseEnabled"] = "false"
    return merged


def with_defaults(attributes: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Return all attributes that can be set, including defaults."""
    found = {**_DEFAULTS, **(_FIFO_DEFAULTS if fifo else {}), **attributes}
    if "KmsMasterKeyId" not in attributes:
        found.pop("KmsDataKeyReusePeriodSeconds", None)
        return found
    return {"KmsDataKeyReusePeriodSeconds": "300", **found, "SqsManagedSseEnabled": "false"}


def is_same_value(name: str, one: str | None, other: str | None) -> bool:
    """Return whether two values of an attribute mean the same; documents may differ in spelling."""
    if one == other or not one or not other:
        return (one or "") == (other or "")
    if _CHECKS.get(name) is not _is_json_object:
        return False
    first, second = loads(one), loads(other)
    return bool(
        first == second or (name == "RedrivePolicy" and _split_redrive_policy(first) == _split_redrive_policy(second))
    )


def _split_redrive_policy(policy: Json) -> tuple[str | None, str]:
    """Return target and count of a redrive policy as text; a policy may have the count as a number."""
    return policy.get("deadLetterTargetArn"), str(policy.get("maxReceiveCount"))


def numeric_attribute(queue: Queue, name: str) -> int:
    """Return the value of a numeric attribute, or its default."""
    return int(queue.attributes.get(name) or _DEFAULTS[name])
