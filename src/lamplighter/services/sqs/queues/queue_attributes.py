"""Check queue attributes and apply their defaults.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html. Encryption
settings are stored and returned; this engine does not encrypt.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit
from lamplighter.services.sqs.tables.queues import Queue

LARGEST_MESSAGE = 1024 * 1024
SCOPE, GROUP_SCOPE = "DeduplicationScope", "messageGroup"
LIMIT, GROUP_LIMIT = "FifoThroughputLimit", "perMessageGroupId"

Fits = Callable[[str], bool]


def _between(low: int, high: int) -> Fits:
    return lambda text: text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high


def _one_of(*words: str) -> Fits:
    return lambda text: text in words


LARGEST_POLICY = 8_192
"""The most bytes of a policy:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html."""


def _map(text: str) -> bool:
    try:
        return len(text) <= LARGEST_POLICY and isinstance(loads(text), dict)
    except JsonError:
        return False


_TRUTH = _one_of("true", "false")

_EVERY: Mapping[str, Fits] = {
    "DelaySeconds": _between(0, 900),
    "MaximumMessageSize": _between(1024, LARGEST_MESSAGE),
    "MessageRetentionPeriod": _between(60, 1_209_600),
    "Policy": _map,
    "ReceiveMessageWaitTimeSeconds": _between(0, 20),
    "VisibilityTimeout": _between(0, 43_200),
    "RedrivePolicy": _map,
    "RedriveAllowPolicy": _map,
    "KmsMasterKeyId": lambda _text: True,
    "KmsDataKeyReusePeriodSeconds": _between(60, 86_400),
    "SqsManagedSseEnabled": _TRUTH,
}

_FIFO: Mapping[str, Fits] = {
    "FifoQueue": _one_of("true"),
    "ContentBasedDeduplication": _TRUTH,
    SCOPE: _one_of(GROUP_SCOPE, "queue"),
    LIMIT: _one_of("perQueue", GROUP_LIMIT),
}

READABLE = frozenset({*_EVERY, *_FIFO, "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})
"""Attributes that can be read, besides the counts of messages."""

_CLEARED = {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"}
"""Attributes that an empty value removes."""

_DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(LARGEST_MESSAGE),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
_FIFO_DEFAULTS: Mapping[str, str] = {"ContentBasedDeduplication": "false", SCOPE: "queue", LIMIT: "perQueue"}


def merge(old: Mapping[str, str], given: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Return a queue's attributes after a change. Raises an error if the queue does not accept a value."""
    known = {**_EVERY, **_FIFO} if fifo else _EVERY
    for name, value in given.items():
        if name not in known:
            raise InvalidAttributeName(name)
        if name == "Policy" and len(value.encode()) > LARGEST_POLICY:
            raise OverLimit("Submitted policy is over max allowed size.")
        if not known[name](value) and not (value == "" and name in _CLEARED):
            raise InvalidAttributeValue(name)
    merged = {name: value for name, value in {**old, **given}.items() if value}
    if merged.get(LIMIT) == GROUP_LIMIT and merged.get(SCOPE) != GROUP_SCOPE:
        raise InvalidAttributeValue(LIMIT, f"{GROUP_LIMIT} is allowed only when {SCOPE} is {GROUP_SCOPE}.")
    if merged.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        reason = "You can use one type of server-side encryption (SSE) at one time."
        raise InvalidAttributeValue("SqsManagedSseEnabled", reason)
    return merged


def with_defaults(attributes: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Return all attributes that can be set, including defaults."""
    encrypted = "KmsMasterKeyId" in attributes
    own = {"SqsManagedSseEnabled": "false" if encrypted else "true"}
    if encrypted:
        own["KmsDataKeyReusePeriodSeconds"] = "300"
    given = {**attributes, **({"SqsManagedSseEnabled": "false"} if encrypted else {})}
    return {**_DEFAULTS, **own, **(_FIFO_DEFAULTS if fifo else {}), **given}


def is_same_value(name: str, one: str | None, other: str | None) -> bool:
    """Return whether two values of an attribute mean the same; documents may differ in spelling."""
    if one == other or not one or not other:
        return (one or "") == (other or "")
    if _EVERY.get(name) is not _map:
        return False
    first, second = loads(one), loads(other)
    return bool(
        first == second or (name == "RedrivePolicy" and split_redrive_policy(first) == split_redrive_policy(second))
    )


def split_redrive_policy(policy: Json) -> tuple[str | None, str]:
    """Return target and count of a redrive policy as text; a policy may have the count as a number."""
    return policy.get("deadLetterTargetArn"), str(policy.get("maxReceiveCount"))


def number_attribute(queue: Queue, name: str) -> int:
    """Return the value of a numeric attribute, or its default."""
    return int(queue.attributes.get(name) or _DEFAULTS[name])
