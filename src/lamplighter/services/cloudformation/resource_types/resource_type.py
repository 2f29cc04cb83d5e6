"""What a type of resource is: three plans of calls, and what it is called.

A plan is a generator: it yields a call and is sent its answer. It does nothing itself, so that whoever runs it decides
in which transaction the calls are made.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from lamplighter.base import arn
from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A call of an operation; members may be spelled as CloudFormation spells them, and None stands for none."""

    service: str
    operation: str
    params: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CreatedResource:
    """A resource that is there."""

    physical: str
    """Its physical id, which is what Ref gives."""
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """A resource that is asked for, or is there and is to be changed or deleted."""

    logical: str
    type: str
    properties: Mapping[str, Json]
    account: str
    region: str
    name: str = ""
    """The name that it gets where its properties give none."""
    tags: tuple[Mapping[str, str], ...] = ()
    """Its own and its stack's."""
    physical: str = ""
    attributes: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Json] = field(default_factory=dict)
    """The properties before the change."""
    tags_before: tuple[Mapping[str, str], ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict)

    def get(self, name: str, default: Json = None) -> Json:
        """A property."""
        found = self.properties.get(name)
        return default if found is None else found

    def pick(self, *names: str) -> dict[str, Json]:
        """Some of the properties, as they are."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of its account and region."""
        return arn.build(service, self.region, self.account, resource)


CreatePlan = Generator[ServiceCall, Json, CreatedResource]
DeletePlan = Generator[ServiceCall, Json, None]
ExistsPlan = Generator[ServiceCall, Json, bool]
"""A plan that looks whether a resource is there; a call that does not find it says so as well."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type of resource."""

    create: Callable[[ResourceRequest], CreatePlan]
    update: Callable[[ResourceRequest], CreatePlan]
    delete: Callable[[ResourceRequest], DeletePlan]
    name: str | None = None
    """The property that names it."""
    longest: int = 128
    """How long its name may be."""
    replaces: frozenset[str] = frozenset()
    """Which properties can't be changed: it is made anew."""
    attributes: frozenset[str] = frozenset()
    """What Fn::GetAtt gives."""
    idle: frozenset[str] = frozenset()
    """Properties (`Property/Member`: a part of one) that are taken and have no effect here; what has one says so."""
    simulated: bool = True
    ending: Callable[[Mapping[str, Json]], str] = lambda _properties: ""
    """How a name that is made up has to end."""
    prefix: bool = True
    """Whether a name that is made up begins with the stack's."""
    revised: bool = False
    """Whether one that is made anew may have the name of the old: it is a revision of it."""
    here: Callable[[Mapping[str, Json], Mapping[str, Json]], Mapping[str, Json]] = lambda properties, _own: properties
    """What its properties are on this box, by what its metadata says under `Lamplighter`."""
    look: Callable[[ResourceRequest], ExistsPlan] | None = None
    """Looks whether it is there; None where nobody can tell."""


ALL = frozenset({"*"})
"""Every property, in the place of those that replace."""


def lamplighter_metadata(metadata: Json) -> Mapping[str, Json]:
    """What the metadata of a resource says that is meant for us."""
    found = metadata.get("Lamplighter") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def replacing_properties(kind: ResourceType, before: Mapping[str, Json], after: Mapping[str, Json]) -> set[str]:
    """The properties that changed and for which the resource has to be made anew."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return {name for name in names if kind.replaces is ALL or name in kind.replaces}


def idle_properties(kind: ResourceType, properties: Mapping[str, Json]) -> list[str]:
    """The properties that have no effect here."""
    found = []
    for place in sorted(kind.idle):
        name, _, member = place.partition("/")
        value = properties.get(name)
        if name in properties and (not member or (isinstance(value, dict) and member in value)):
            found.append(place.replace("/", "."))
    return found


def delete_by_calls(*calls: Callable[[ResourceRequest], ServiceCall]) -> Callable[[ResourceRequest], DeletePlan]:
    """A plan that deletes by calls which are known beforehand."""

    def plan(asked: ResourceRequest) -> DeletePlan:
        for call in calls:
            yield call(asked)

    return plan


def exists_by_call(
    call: Callable[[ResourceRequest], ServiceCall], is_there: Callable[[Json], bool] = lambda _: True
) -> Callable[[ResourceRequest], ExistsPlan]:
    """A plan that looks by one call, and judges its answer."""

    def plan(asked: ResourceRequest) -> ExistsPlan:
        answer = yield call(asked)
        return is_there(answer)

    return plan


def never_update(asked: ResourceRequest) -> CreatePlan:
    """The plan of a change that there can't be: every property replaces."""
    yield from ()
    return CreatedResource(asked.physical, asked.attributes)


def update_tags(
    service: str, asked: ResourceRequest, where: Mapping[str, Json], keys: str
) -> Generator[ServiceCall, Json, None]:
    """Bring tags to what is asked for; `where` names the resource, `keys` the parameter of UntagResource."""
    lost = {tag["Key"] for tag in asked.tags_before} - {tag["Key"] for tag in asked.tags}
    if lost:
        yield ServiceCall(service, "UntagResource", {**where, keys: sorted(lost)})
    if asked.tags and asked.tags != asked.tags_before:
        yield ServiceCall(service, "TagResource", {**where, "Tags": list(asked.tags)})
