"""Build the ARNs of schedules and their groups.

ARNs are stored in sorted order, so that all schedules, those of a group, and those with the same prefix are adjacent.
"""

from lamplighter.base.aws import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages

SERVICE = "scheduler"
DEFAULT = "default"
"""The group that always exists."""
PAGES = Pages(lambda: ValidationError("Invalid NextToken."))


def schedule_arn(caller: Caller, params: Json) -> str:
    """Return the ARN of the schedule that a request names."""
    return schedule_arn_prefix(caller, f"{params.get('GroupName') or DEFAULT}/{params['Name']}")


def schedule_arn_prefix(caller: Caller, prefix: str) -> str:
    """Return the prefix of the ARNs of those schedules whose `GROUP/NAME` begins with `prefix`."""
    return arn.build(SERVICE, caller.region, caller.account, f"schedule/{prefix}")


def group_arn(caller: Caller, name: str) -> str:
    """Return the ARN of a group; for the beginning of a name, return the prefix of the ARNs of these groups."""
    return arn.build(SERVICE, caller.region, caller.account, f"schedule-group/{name}")


def end_of_prefix(prefix: str) -> str:
    """Return the first text, in sorted order, after all texts that begin with `prefix`."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"
