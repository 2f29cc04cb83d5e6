"""Compare two states of a stack: which resources are added, removed and changed, property by property.

Guarantees that each line of a policy is a difference of its own, and that lists of named items are compared by name and
not by position, and that no secret address of a recipient is shown. Does not predict which resources AWS replaces: a
change set states that (`change_set.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.comparison.policy_lines import policy_lines
from lamplighter.cli.deploy.comparison.resolved_template import Resource
from lamplighter.cli.deploy.comparison.secret_properties import hide_secret

Action = Literal["add", "change", "keep", "remove"]
"""What happens to a resource; `keep`: it leaves the stack and stays."""
PropertyPath = tuple[str, ...]

IDENTIFYING_PROPERTIES = ("Name", "Key", "PolicyName", "Id", "ContainerName", "ContainerPath", "Hostname")
"""The properties that identify the items of a list."""
POLICY_PROPERTIES = ("PolicyDocument", "AssumeRolePolicyDocument")
PERMISSION_TYPES = ("AWS::IAM::", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
"""Types of resources that grant permissions; a type that ends with "::" stands for all types that begin with it."""
RESOURCE_WORDS: Mapping[str, tuple[str, str]] = {
    "AWS::StepFunctions::StateMachine": ("job", "StateMachineName"),
    "AWS::ECS::TaskDefinition": ("task", "Family"),
    "AWS::ECS::Cluster": ("cluster", "ClusterName"),
    "AWS::Scheduler::Schedule": ("schedule", "Name"),
    "AWS::Scheduler::ScheduleGroup": ("schedules", "Name"),
    "AWS::Events::Rule": ("alert", "Name"),
    "AWS::CloudWatch::Alarm": ("alarm", "AlarmName"),
    "AWS::SNS::Topic": ("channel", "TopicName"),
    "AWS::SNS::Subscription": ("subscriber", "Endpoint"),
    "AWS::SNS::TopicPolicy": ("policy", ""),
    "AWS::SQS::Queue": ("queue", "QueueName"),
    "AWS::Logs::LogGroup": ("log", "LogGroupName"),
    "AWS::IAM::Role": ("role", ""),
}
"""The everyday word for a resource of each type, and the property that holds its name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A property before and after a change; None on the side on which it does not exist."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one resource."""

    resource: str
    """The resource's logical ID."""
    type: str
    action: Action
    label: str
    """The everyday word and the name of the resource, such as "job nightly"."""
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name, without the word for its type."""
        return self.label.partition(" ")[2]

    @property
    def changes_permissions(self) -> bool:
        """Whether the resource grants permissions."""
        return self.type.startswith(PERMISSION_TYPES)


def compare_resources(before: Mapping[str, Resource], after: Mapping[str, Resource], *, metadata: bool) -> list[Change]:
    """Return the resources that are added, changed or removed.

    `metadata` is whether all metadata is compared. AWS only stores it, so there only the input of a job is compared.
    """
    found = []
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        action = _choose_action(old, new)
        differences = tuple(_differences(_leaves(old, metadata=metadata), _leaves(new, metadata=metadata)))
        if differences or action != "change":
            resource = new or old
            assert resource is not None
            found.append(Change(name, resource.type, action, resource_label(name, resource), differences))
    return found


def _choose_action(old: Resource | None, new: Resource | None) -> Action:
    if old is None or new is not None:
        return "add" if old is None else "change"
    return "keep" if old.is_retained else "remove"


def resource_label(name: str, resource: Resource) -> str:
    """Return the everyday word and the name of a resource, such as "job nightly"; no secret address."""
    word, name_property = RESOURCE_WORDS.get(resource.type, (resource.type.rsplit("::", 1)[-1], ""))
    title = resource.properties.get(name_property) if name_property else None
    if isinstance(title, str):
        title = hide_secret((name_property,), title)
    return f"{word} {title if isinstance(title, str) else name}"


def _differences(before: Mapping[PropertyPath, Json], after: Mapping[PropertyPath, Json]) -> Iterator[Difference]:
    for path in [*after, *(path for path in before if path not in after)]:
        old, new = before.get(path), after.get(path)
        if old != new:
            shown = ".".join(step for step in path if not step.startswith("\0"))
            yield Difference(shown, hide_secret(path, old), hide_secret(path, new))


def _leaves(resource: Resource | None, *, metadata: bool) -> dict[PropertyPath, Json]:
    if resource is None:
        return {}
    metadata_properties = (
        {"Metadata": resource.metadata} if metadata and resource.metadata else _input_metadata(resource)
    )
    return dict(_walk((), {**resource.properties, **metadata_properties}))


def _input_metadata(resource: Resource) -> dict[str, Json]:
    """Return a job's default input as metadata; it counts on AWS too, because `lamplighter run` reads it there."""
    own = resource.metadata.get("Lamplighter") if isinstance(resource.metadata, dict) else None
    text = own.get("Input") if isinstance(own, dict) else None
    return {} if text is None else {"Metadata": {"Lamplighter": {"Input": text}}}


def _walk(path: PropertyPath, value: Json) -> Iterator[tuple[PropertyPath, Json]]:
    if path and path[-1] in POLICY_PROPERTIES:
        # The line itself is the last step of the path, so a line that exists on both sides is no difference.
        yield from (((*path, f"\0{line}"), line) for line in policy_lines(value))
    elif isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk((*path, key), inner)
    elif isinstance(value, list) and (named := _by_name(value)) is not None:
        for key, inner in named.items():
            yield from _walk((*path, key), inner)
    else:
        yield path, value


def _by_name(items: list[Json]) -> dict[str, Json] | None:
    """Return the items of a list by name, or None if they have no names or their names are not unique."""
    for name in IDENTIFYING_PROPERTIES:
        if items and all(isinstance(item, dict) and isinstance(item.get(name), str) for item in items):
            found = {item[name]: {key: each for key, each in item.items() if key != name} for item in items}
            is_unique = len(found) == len(items)
            return {key: inner.get("Value", inner) for key, inner in found.items()} if is_unique else None
    return None
