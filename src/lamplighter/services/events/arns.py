"""Build and parse EventBridge's ARNs, names, times and tags, and derive ids that are the same each time."""

import hashlib
from datetime import UTC, datetime

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.bus import Caller
from lamplighter.operations.tags import TOO_MANY_TAGS, UPPER_CASE, TagRules

MAX_EVENT_TIME = 253_402_300_799_999
"""The latest time that an event can have, in milliseconds since the epoch: the end of the year 9999."""
DEFAULT_BUS = "default"


def bus_arn(caller: Caller, name: str) -> str:
    """Return the ARN of a bus."""
    return arn.build("events", caller.region, caller.account, f"event-bus/{name}")


def rule_arn(caller: Caller, bus: str, name: str) -> str:
    """Return the ARN of a rule; for a rule of the default bus, it does not contain the bus."""
    return arn.build(
        "events", caller.region, caller.account, f"rule/{name}" if bus == DEFAULT_BUS else f"rule/{bus}/{name}"
    )


def split_rule_arn(text: str) -> tuple[str, str]:
    """Return the bus and the name of a rule, given its ARN."""
    bus, _, name = text.partition(":rule/")[2].rpartition("/")
    return bus or DEFAULT_BUS, name


def owner_of(text: str, otherwise: Caller) -> Caller:
    """Return the account and region that an ARN names; missing parts come from `otherwise`."""
    found = arn.parse(text)
    if found is None:
        return otherwise
    return Caller(found.account or otherwise.account, found.region or otherwise.region)


def bus_name(given: str | None) -> str:
    """Return the name of a bus that is given by name or ARN, or not at all (the default bus)."""
    return (given or DEFAULT_BUS).rpartition("event-bus/")[2]


def derive_id(*parts: str) -> str:
    """Return an id in the form of a UUID; the same parts always have the same id."""
    digest = hashlib.sha256("\x00".join(parts).encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], f"5{digest[13:16]}", f"a{digest[17:20]}", digest[20:32]))


def format_instant(milliseconds: int) -> str:
    """Format a time as it is in events: 2026-01-01T00:00:00Z."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_instant(text: str) -> int:
    """Return an event's time in milliseconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


TAG_RULES = TagRules(
    UPPER_CASE,
    lambda: ValidationError(TOO_MANY_TAGS),
    lambda key: ValidationError(f"Tag key {key} is not valid: keys that begin with aws: are reserved for AWS."),
)
