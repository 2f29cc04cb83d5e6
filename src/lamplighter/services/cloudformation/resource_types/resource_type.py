"""Define what a resource type consists of: plans that create, update, delete and find a resource, and its names.

A plan is a generator: it yields a call and receives the call's answer. A plan makes no call itself, so that the code
that runs it decides in which transaction the calls are made.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from lamplighter.base import arn
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A call of an operation; its members may have CloudFormation's spelling, and a value of None is left out."""

    service: str
    operation: str
    params: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CreatedResource:
    """A resource that exists."""

    physical: str
    """The physical id, which is the value of Ref."""
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """A resource that a plan creates, updates, deletes or looks for."""

    logical: str
    type: str
    properties: Mapping[str, Json]
    account: str
    region: str
    name: str = ""
    """The name to use if the properties contain none."""
    tags: tuple[Mapping[str, str], ...] = ()
    """The tags of the resource and of its stack."""
    physical: str = ""
    attributes: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Json] = field(default_factory=dict)
    """The properties before the update."""
    tags_before: tuple[Mapping[str, str], ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def get(self, name: str, default: Json = None) -> Json:
        """Return a property, or `default` if it is missing or null."""
        found = self.properties.get(name)
        return default if found is None else found

    def pick(self, *names: str) -> dict[str, Json]:
        """Return those of the named properties that are set."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the same account and region."""
        return arn.build(service, self.region, self.account, resource)


CreatePlan = Generator[ServiceCall, Json, CreatedResource]
DeletePlan = Generator[ServiceCall, Json, None]
ExistsPlan = Generator[ServiceCall, Json, bool]
AdaptProperties = Callable[[Mapping[str, Json], Mapping[str, Json]], Mapping[str, Json]]
"""A plan that returns whether a resource exists; a call that does not find the resource may raise instead."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource."""

    create: Callable[[ResourceRequest], CreatePlan]
    update: Callable[[ResourceRequest], CreatePlan]
    delete: Callable[[ResourceRequest], DeletePlan]
    name_property: str | None = None
    """The property that contains the resource's name."""
    max_name_length: int = 128
    """The most characters of a name."""
    replacement_properties: frozenset[str] = frozenset()
    """The properties whose change requires a replacement."""
    attributes: frozenset[str] = frozenset()
    """The attributes that Fn::GetAtt returns."""
    without_effect: frozenset[str] = frozenset()
    """Properties (`Property/Member`: a part of one) without effect here; the resource's status reason lists them."""
    simulated: bool = True
    name_suffix: Callable[[Mapping[str, Json]], str] = lambda _properties: ""
    """A function that returns the ending that a generated name must have."""
    prefix_stack_name: bool = True
    """Whether a generated name begins with the stack's name."""
    replacement_keeps_name: bool = False
    """Whether a replacement may have the same name, because it is a new revision of the old resource."""
    adapt_properties: AdaptProperties = lambda properties, _own: properties
    """A function that adapts the properties to this engine, given the resource's metadata under `Lamplighter`."""
    exists: Callable[[ResourceRequest], ExistsPlan] | None = None
    """The plan that returns whether the resource exists; None if there is no such plan."""


ALL_PROPERTIES = frozenset({"*"})
"""The value of `replacement_properties` that stands for all properties."""


def lamplighter_metadata(metadata: Json) -> Mapping[str, Json]:
    """Return the part of a resource's metadata that is for this engine."""
    found = metadata.get("Lamplighter") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def replacing_properties(kind: ResourceType, before: Mapping[str, Json], after: Mapping[str, Json]) -> set[str]:
    """Return the changed properties that require a replacement of the resource."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return {
        name for name in names if kind.replacement_properties is ALL_PROPERTIES or name in kind.replacement_properties
    }


def properties_without_effect(kind: ResourceType, properties: Mapping[str, Json]) -> list[str]:
    """Return the given properties that have no effect here."""
    found = []
    for place in sorted(kind.without_effect):
        name, _, member = place.partition("/")
        value = properties.get(name)
        if name in properties and (not member or (isinstance(value, dict) and member in value)):
            found.append(place.replace("/", "."))
    return found


def delete_by_calls(*calls: Callable[[ResourceRequest], ServiceCall]) -> Callable[[ResourceRequest], DeletePlan]:
    """Return a plan that deletes a resource with the given calls."""

    def plan(request: ResourceRequest) -> DeletePlan:
        for call in calls:
            yield call(request)

    return plan


def exists_by_call(
    call: Callable[[ResourceRequest], ServiceCall], exists: Callable[[Json], bool] = lambda _: True
) -> Callable[[ResourceRequest], ExistsPlan]:
    """Return a plan that makes one call and derives from the answer whether the resource exists."""

    def plan(request: ResourceRequest) -> ExistsPlan:
        answer = yield call(request)
        return exists(answer)

    return plan


def never_update(request: ResourceRequest) -> CreatePlan:
    """Return the resource unchanged: this plan is for types whose properties all require a replacement."""
    yield from ()
    return CreatedResource(request.physical, request.attributes)


def update_tags(
    service: str, request: ResourceRequest, resource: Mapping[str, Json], keys_parameter: str
) -> Generator[ServiceCall, Json, None]:
    """Change tags to the requested ones; `resource` identifies the resource, `keys_parameter` is the parameter of
    UntagResource.
    """
    removed = {tag["Key"] for tag in request.tags_before} - {tag["Key"] for tag in request.tags}
    if removed:
        yield ServiceCall(service, "UntagResource", {**resource, keys_parameter: sorted(removed)})
    if request.tags and request.tags != request.tags_before:
        yield ServiceCall(service, "TagResource", {**resource, "Tags": list(request.tags)})
