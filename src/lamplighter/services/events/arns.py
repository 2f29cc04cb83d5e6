"""How EventBridge names things, and how names are made that come out the same when they are made again."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lamplighter.base import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller

LATEST = 253_402_300_799_999
"""Milliseconds since the epoch: the end of the year 9999, after which no event has a time."""
NONE: Mapping[str, str] = {}
MOST_TAGS = 50
"""Tags of a resource: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-tagging.html."""
DEFAULT = "default"
"""The bus that every account has in every region."""


def bus_arn(caller: Caller, name: str) -> str:
    """The ARN of a bus."""
    return arn.build("events", caller.region, caller.account, f"event-bus/{name}")


def rule_arn(caller: Caller, bus: str, name: str) -> str:
    """The ARN of a rule; rules of the default bus do not say so."""
    return arn.build(
        "events", caller.region, caller.account, f"rule/{name}" if bus == DEFAULT else f"rule/{bus}/{name}"
    )


def split_rule_arn(text: str) -> tuple[str, str]:
    """The bus and the name of a rule, by its ARN."""
    bus, _, name = text.partition(":rule/")[2].rpartition("/")
    return bus or DEFAULT, name


def owner_of(text: str, otherwise: Caller) -> Caller:
    """The account and region that an ARN names; another's where it names none."""
    found = arn.parse(text)
    if found is None:
        return otherwise
    return Caller(found.account or otherwise.account, found.region or otherwise.region)


def bus_name(given: str | None) -> str:
    """The name of a bus that is given by name or ARN, or not at all."""
    return (given or DEFAULT).rpartition("event-bus/")[2]


def derive_id(*parts: str) -> str:
    """A name in the form of a UUID, the same for the same parts."""
    digest = hashlib.sha256("\x00".join(parts).encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], f"5{digest[13:16]}", f"a{digest[17:20]}", digest[20:32]))


def format_instant(milliseconds: int) -> str:
    """A time as events have it: 2026-01-01T00:00:00Z."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_instant(text: str) -> int:
    """The time that an event has."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def read_tags(tags: Sequence[Json], old: Mapping[str, str] = NONE) -> dict[str, str]:
    """Tags as they are kept, with those that were there before; ValidationException where there may be no such tags."""
    found = {**old, **{tag["Key"]: tag["Value"] for tag in tags}}
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise ValidationError(f"Tag key {tag['Key']} is not valid: keys that begin with aws: are reserved for AWS.")
    if len(found) > MOST_TAGS:
        raise ValidationError(f"A resource can have at most {MOST_TAGS} tags.")
    return found
