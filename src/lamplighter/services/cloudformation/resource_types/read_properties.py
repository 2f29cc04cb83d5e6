"""Define how the properties that a resource has now are read, for the detection of drift.

The values have the spelling of the service; `deploy/compare_properties.py` brings them into that of the template. A
plan returns None if the resource does not exist, or raises the service's error. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import Plan, Properties, ResourceRequest

NOT_FOUND = re.compile("NotFound|NoSuch|DoesNotExist|NonExistent")
"""The codes of errors that say that something does not exist."""
ReadPlan = Callable[[ResourceRequest], Plan[Properties | None]]
"""A plan that returns the present properties of a resource, or None if it does not exist."""


@dataclass(frozen=True, slots=True)
class PresentProperties:
    """How the present properties of a type's resources are read."""

    names: tuple[str, ...]
    """The properties that can be compared."""
    read: ReadPlan


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
