"""Define what a resource type consists of: plans that create, update, delete and find a resource, and its names.

A plan is a generator: it yields a call and receives the call's answer. A plan makes no call itself, so that the code
that runs it decides in which transaction the calls are made.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json

T = TypeVar("T")
Properties = Mapping[str, Json]
Call = tuple[str, Properties]
"""An operation and its parameters.

The operation belongs to the service of the resource's type, unless it is written `service:Operation`. The parameters
may have CloudFormation's spelling, and a parameter of None is left out.
"""
Plan = Generator[Call, Json, T]
"""A plan, which returns a `T`."""
AdaptProperties = Callable[[Properties, Properties], Properties]


@dataclass(frozen=True, slots=True)
class CreatedResource:
    """A resource that exists."""

    physical: str
    """The physical id, which is the value of Ref."""
    attributes: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """A resource that a plan creates, updates, deletes or looks for."""

    logical: str
    type: str
    properties: Properties
    account: str
    region: str
    name: str = ""
    """The name in the properties, or a generated one if they contain none."""
    tags: tuple[Mapping[str, str], ...] = ()
    """The tags of the resource and of its stack."""
    physical: str = ""
    """The physical id; empty while the resource is created."""
    attributes: Properties = field(default_factory=dict)
    before: Properties = field(default_factory=dict)
    """The properties before the update."""
    tags_before: tuple[Mapping[str, str], ...] = ()
    metadata: Properties = field(default_factory=dict)

    @property
    def unchanged(self) -> CreatedResource:
        """Return the resource with the id and the attributes that it already has."""
        return CreatedResource(self.physical, self.attributes)

    @property
    def tag_parameter(self) -> Properties:
        """Return the parameter with the tags, if there are any."""
        return {"Tags": list(self.tags)} if self.tags else {}

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


@dataclass(frozen=True, slots=True)
class NameRule:
    """How the resources of a type are named."""

    property: str | None = None
    """The property that contains a resource's name."""
    max_length: int = 128
    """The most characters of a name."""
    fifo_property: str | None = None
    """The property that states whether a name must end with `.fifo`."""
    has_stack_name: bool = True
    """Whether a generated name begins with the stack's name."""
    survives_replacement: bool = False
    """Whether a replacement may have the same name, because it is a new revision of the old resource."""

    def suffix(self, properties: Properties) -> str:
        """Return the ending that a generated name must have."""
        return ".fifo" if str(properties.get(self.fifo_property or "")).lower() == "true" else ""


ReadPlan = Callable[[ResourceRequest], Plan[Properties | None]]
"""A plan that returns the present properties of a resource, or None if it does not exist.

They have the spelling of the service; `deploy/compare_properties.py` brings them into that of the template.
"""
IdentifyResource = Callable[[ResourceRequest, str], CreatedResource]
"""A function that returns the resource that has this physical id, as its creation did, without a call."""


@dataclass(frozen=True, slots=True)
class PresentProperties:
    """How the present properties of a type's resources are read, for the detection of drift."""

    names: tuple[str, ...]
    """The properties that can be compared."""
    read: ReadPlan


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource."""

    create: Callable[[ResourceRequest], Plan[CreatedResource]]
    update: Callable[[ResourceRequest], Plan[CreatedResource]]
    delete: Callable[[ResourceRequest], Plan[object]]
    name: NameRule = NameRule()
    replacement_properties: tuple[str, ...] = ()
    """Properties whose change requires a replacement by their documentation, besides the schema's create-only ones."""
    repeated_attributes: tuple[str, ...] = ()
    """The attributes that repeat a property, besides those that only AWS sets. The source is the type's page in
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference (*Return values*)."""
    without_effect: tuple[str, ...] = ()
    """Properties (`Property/Member`: a part of one) without effect here; the resource's status reason lists them."""
    simulated: bool = True
    adapt_properties: AdaptProperties = lambda properties, _extensions: properties
    """A function that adapts the properties to this engine, given the resource's metadata under `Lamplighter`."""
    exists: Callable[[ResourceRequest], Plan[bool]] | None = None
    """The plan that returns whether the resource exists; a call that does not find the resource may raise instead."""
    hidden_property: str | None = None
    """The property that is a secret, and is never shown, even if the template states it."""
    present: PresentProperties | None = None
    """How drift is detected; None if it is not."""
    identify: IdentifyResource | None = None
    """How an existing resource is named when a stack imports it; None if it cannot be imported."""
    physical_id: Callable[[str], str] = lambda identifier: identifier
    """A function that returns the physical id, given the last of the schema's identifiers."""


def lamplighter_metadata(metadata: Json) -> Properties:
    """Return the part of a resource's metadata that is for this engine."""
    found = metadata.get("Lamplighter") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def properties_without_effect(kind: ResourceType, properties: Properties) -> list[str]:
    """Return the given properties that have no effect here."""
    found = []
    for place in sorted(kind.without_effect):
        name, _, member = place.partition("/")
        value = properties.get(name)
        if name in properties and (not member or (isinstance(value, dict) and member in value)):
            found.append(place.replace("/", "."))
    return found


def identify_by_arn(_request: ResourceRequest, arn: str) -> CreatedResource:
    """Return a resource whose physical id is its ARN."""
    return CreatedResource(arn, {"Arn": arn})


def call_with_id(
    operation: str, parameter: str, *properties: str, **fixed: Json
) -> Callable[[ResourceRequest], Plan[CreatedResource]]:
    """Return a plan that passes the physical id, the given properties and fixed values to one operation."""

    def plan(request: ResourceRequest) -> Plan[CreatedResource]:
        yield operation, {parameter: request.physical, **request.pick(*properties), **fixed}
        return request.unchanged

    return plan


def exists_by_call(
    operation: str, parameter: str, *properties: str, test: Callable[[Json], bool] = lambda _answer: True, **fixed: Json
) -> Callable[[ResourceRequest], Plan[bool]]:
    """Return a plan that makes a call as `call_with_id` does; `test` states whether its answer has the resource."""

    def plan(request: ResourceRequest) -> Plan[bool]:
        return test((yield operation, {parameter: request.physical, **request.pick(*properties), **fixed}))

    return plan


def make_no_call(request: ResourceRequest) -> Plan[CreatedResource]:
    """Return the resource unchanged, for example if all properties of its type require a replacement."""
    yield from ()
    return request.unchanged


def list_all(operation: str, params: Properties, field: str) -> Plan[list[Json]]:
    """Return the items of all pages of a list operation."""
    found: list[Json] = []
    token: Properties = {}
    while True:
        answer = yield operation, {**params, **token}
        found += answer[field]
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


def update_tags(request: ResourceRequest, given: Properties | None = None, noun: str = "Resource") -> Plan[None]:
    """Change tags to the requested ones with TagResource and UntagResource; `given` identifies the resource."""
    resource = {"ResourceArn": request.attributes.get("Arn", request.physical)} if given is None else given
    removed = {tag["Key"] for tag in request.tags_before} - {tag["Key"] for tag in request.tags}
    if removed:
        yield f"Untag{noun}", {**resource, "TagKeys": sorted(removed)}
    if request.tags and request.tags != request.tags_before:
        yield f"Tag{noun}", {**resource, **request.tag_parameter}


def update_only_tags(request: ResourceRequest) -> Plan[CreatedResource]:
    """Change the tags: this plan is for types whose other properties all require a replacement."""
    yield from update_tags(request)
    return request.unchanged
