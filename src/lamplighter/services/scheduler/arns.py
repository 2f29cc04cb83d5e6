"""What schedules and their groups are called, and lists of them in pages.

ARNs are kept in order, so that all schedules, those of a group and those whose names begin alike each lie together.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lamplighter.base import arn
from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller

SERVICE = "scheduler"
DEFAULT = "default"
"""The group that is always there."""
MOST = 100

T = TypeVar("T")


def schedule_arn(caller: Caller, params: Json) -> str:
    """The ARN of the schedule that a request names."""
    return schedule_arn_prefix(caller, f"{params.get('GroupName') or DEFAULT}/{params['Name']}")


def schedule_arn_prefix(caller: Caller, beginning: str) -> str:
    """What the ARNs of schedules begin with whose group and name begin with this."""
    return arn.build(SERVICE, caller.region, caller.account, f"schedule/{beginning}")


def group_arn(caller: Caller, name: str) -> str:
    """The ARN of a group; what the ARNs of groups begin with whose names begin with this."""
    return arn.build(SERVICE, caller.region, caller.account, f"schedule-group/{name}")


def end_of_prefix(beginning: str) -> str:
    """The first text that comes after everything that begins with this."""
    return f"{beginning[:-1]}{chr(ord(beginning[-1]) + 1)}"


def caller_of(name: str) -> Caller:
    """For whom the resource of an ARN is kept."""
    found = arn.parse(name)
    assert found is not None
    return Caller(found.account, found.region)


def list_page(
    field: str, found: Sequence[T], params: Json, show: Callable[[T], Json], token: Callable[[T], str]
) -> Json:
    """The answer of a list, of which one more than a page has was found where there is more."""
    size = page_size(params)
    answer: Json = {field: [show(each) for each in found[:size]]}
    if len(found) > size:
        answer["NextToken"] = token(found[size - 1])
    return answer


def page_start(params: Json, beginning: str) -> str:
    """The ARN after which a page begins; ValidationException where the token is none of such a list."""
    token: str = params.get("NextToken", "")
    if token and not token.startswith(beginning):
        raise ValidationError("Invalid NextToken.")
    return token


def page_size(params: Json) -> int:
    """How many a page has."""
    return int(params.get("MaxResults", MOST))
