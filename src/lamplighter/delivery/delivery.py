"""Define a delivery, its retry policy and its outcome.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits for retries of a delivery, and the defaults of EventBridge and its Scheduler."""

    attempts: int = 185
    """The most retries after the first attempt."""
    age: int = 86_400
    """The most seconds that pass between the creation of the delivery and its last attempt."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call to a target."""

    key: str
    """The name of the delivery, unique within its sender: a second delivery with the same key is not sent."""
    caller: Caller
    service: str
    operation: str
    params: Json
    """The parameters, by the model's member names, without bytes and datetimes."""
    policy: RetryPolicy
    dead_letter: str | None
    """The ARN of an SQS queue; None if there is no dead-letter queue."""
    body: str
    """The body of the message in the dead-letter queue."""
    attributes: Mapping[str, str]
    """Attributes of the dead-letter message besides those about the failure: RULE_ARN, TARGET_ARN …"""
    created: int
    """The time from which the delivery's age counts, in milliseconds since the epoch."""
    role: str = ""
    """The ARN of the role under which the target is called; empty if the target needs none."""


class DeliveryEnd(StrEnum):
    """The ways in which a delivery can end."""

    DELIVERED = "DELIVERED"
    DEAD_LETTERED = "DEAD_LETTERED"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The end of a delivery, with the number of attempts."""

    end: DeliveryEnd
    attempts: int
    """The number of attempts, the first included."""
    answer: Json = None
    """The target's answer."""
    code: str | None = None
    """The error code if the delivery failed."""
    message: str | None = None
    exhausted: str | None = None
    """MaximumRetryAttempts or MaximumEventAgeInSeconds if that limit prevented another attempt."""


def to_json(delivery: Delivery) -> Json:
    """Return a delivery in the form in which it is stored."""
    given = asdict(delivery)
    del given["caller"]["signer"]  # a delivery is the engine's own call, under the role that it names
    return given


def from_json(value: Json) -> Delivery:
    """Return the delivery that `to_json` stored."""
    return Delivery(**value | {"caller": Caller(**value["caller"]), "policy": RetryPolicy(**value["policy"])})
