"""What is to be delivered, and how that ended.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long delivery is tried: "for 24 hours and up to 185 times" unless the target says otherwise."""

    attempts: int = 185
    """How many times it is tried again after the first time."""
    age: int = 86_400
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call to a target."""

    key: str
    """Names the delivery, and never repeats within the sender: the same delivery sent twice is sent once."""
    caller: Caller
    service: str
    operation: str
    params: Json
    """By the model's member names, without bytes and datetimes."""
    policy: RetryPolicy
    dead_letter: str | None
    """The ARN of an SQS queue."""
    body: str
    """What the dead-letter queue gets."""
    attributes: Mapping[str, str]
    """What the dead letter says besides how delivery failed: RULE_ARN, TARGET_ARN …"""
    created: int
    """Milliseconds since the epoch, from when its age counts."""


class DeliveryEnd(StrEnum):
    """How a delivery ended."""

    DELIVERED = "DELIVERED"
    DEAD_LETTERED = "DEAD_LETTERED"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How a delivery ended, and after how many tries."""

    end: DeliveryEnd
    attempts: int
    """How often it was tried, the first time included."""
    answer: Json = None
    """What the target answered."""
    code: str | None = None
    """Why it was not delivered."""
    message: str | None = None
    exhausted: str | None = None
    """MaximumRetryAttempts or MaximumEventAgeInSeconds, where that is why it was not tried again."""


def to_json(delivery: Delivery) -> Json:
    """A delivery as it is kept."""
    return asdict(delivery)


def from_json(value: Json) -> Delivery:
    """A delivery that was kept."""
    return Delivery(**value | {"caller": Caller(**value["caller"]), "policy": RetryPolicy(**value["policy"])})
