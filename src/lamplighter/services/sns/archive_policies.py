"""Check the policies of FIFO topics that archive messages, and of subscriptions that replay them.

They are stored and returned, but nothing is archived, so that nothing can be replayed. AWS refuses to delete
a topic while its archive policy is active. See
https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html and
https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.json_text import Json, loads_or
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.policy_text import parse_policy

ARCHIVE, REPLAY = "ArchivePolicy", "ReplayPolicy"
DAYS = (1, 365)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z")


def is_archived(attributes: Mapping[str, str]) -> bool:
    """Return whether a topic with these attributes has an active archive policy; an empty policy is not active."""
    return bool(loads_or(attributes.get(ARCHIVE, ""), None))


def check_archive_policy(text: str) -> None:
    """Raise `InvalidParameter` for an invalid archive policy; `{}` ends archiving."""
    policy = _read(ARCHIVE, text)
    days = str(policy.get("MessageRetentionPeriod", ""))
    if policy and not (re.fullmatch("[0-9]{1,3}", days) and DAYS[0] <= int(days) <= DAYS[1]):
        raise InvalidParameter(f"{ARCHIVE}: MessageRetentionPeriod must be a whole number from {DAYS[0]} to {DAYS[1]}")


def check_replay_policy(text: str) -> None:
    """Raise `InvalidParameter` for an invalid replay policy; `{}` ends a replay."""
    policy = _read(REPLAY, text)
    if not policy:
        return
    if policy.get("PointType") != "Timestamp":
        raise InvalidParameter(f"{REPLAY}: PointType must be Timestamp")
    start, end = policy.get("StartingPoint"), policy.get("EndingPoint")
    if not _is_time(start) or (end is not None and not _is_time(end)):
        raise InvalidParameter(f"{REPLAY}: StartingPoint and EndingPoint must be times, such as 2026-01-31T22:00:00Z")
    if end is not None and end <= start:
        raise InvalidParameter(f"{REPLAY}: EndingPoint must be after StartingPoint")


def _is_time(value: Json) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def _read(name: str, text: str) -> dict[str, Json]:
    policy = parse_policy(name, text)
    if not isinstance(policy, dict):
        raise InvalidParameter(f"{name}: the policy must be a JSON object")
    return policy
