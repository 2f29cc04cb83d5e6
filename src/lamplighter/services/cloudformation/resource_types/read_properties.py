"""Read the properties that a resource has now, for the detection of drift: the parts that several types share.

A plan returns None if the resource does not exist, or raises the service's error. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    Plan,
    Properties,
    ReadPlan,
    ResourceRequest,
)

NOT_FOUND = re.compile("NotFound|NoSuch|DoesNotExist|NonExistent")
"""The codes of errors that say that something does not exist."""


def pick(answer: Mapping[str, Json], names: tuple[str, ...], **renamed: str) -> dict[str, Json]:
    """Return the named members of an answer, whatever their case; `renamed` has those with other names there."""
    members = {name.lower(): value for name, value in answer.items()}
    places = {**{name: name for name in names}, **renamed}
    return {name: members[place.lower()] for name, place in places.items() if place.lower() in members}


def call_if_found(operation: str, params: Properties) -> Plan[Json]:
    """Return the answer of a call, or None if what it names does not exist."""
    try:
        return (yield operation, params)
    except AwsError as error:
        if NOT_FOUND.search(error.code):
            return None
        raise


def read_tags(operation: str, parameter: str, key: str, member: str) -> Plan[Json]:
    """Return the tags of a resource, as a list or as a map."""
    answer = yield operation, {parameter: key}
    return answer.get(member) or []


def read_by_call(operation: str, parameter: str, *properties: str, **renamed: str) -> ReadPlan:
    """Return a plan that describes a resource by its physical id and the given properties."""

    def plan(request: ResourceRequest) -> Plan[Properties | None]:
        found = yield operation, {parameter: request.physical, **request.pick(*properties)}
        return pick(found, tuple(found), **renamed)

    return plan
