"""The types that are simulated are what AWS's registry says they are: no property of theirs is lost without a word.

The schemas are those that cfn-lint carries. See
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html.
"""

from collections.abc import Generator, Iterator
from typing import TypeVar

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.services.cloudformation.resource_types.operation_parameters import fit_to_shape
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL_PROPERTIES,
    ResourceRequest,
    ServiceCall,
)
from lamplighter.wire.models.shapes import SERVICES, load_service
from tests.services.cloudformation.resource_types.registry import Example, example, schema_of

T = TypeVar("T")
EXTRA = {
    "AWS::Events::EventBus": {"EventSourceName"},
    "AWS::Logs::LogGroup": {"LogGroupClass"},
    "AWS::Scheduler::Schedule": {"GroupName"},
}
"""Properties that the documentation says can't be changed, of which the registry does not say so."""
ELSEWISE = {"AWS::StepFunctions::StateMachineAlias": {"StateMachineArn"}}
"""Properties that say again what another says: an alias belongs to the machine of its versions."""
ONE_OF = {
    "AWS::StepFunctions::StateMachine": [
        {"DefinitionString", "DefinitionS3Location"},
        {"DefinitionString", "Definition"},
        {"Definition", "DefinitionS3Location"},
    ],
    "AWS::StepFunctions::StateMachineAlias": [set(), {"DeploymentPreference"}],
    "AWS::CloudWatch::Alarm": [{"Metrics"}, {"MetricName"}],
    "AWS::Events::EventBusPolicy": [{"Statement"}, {"Action", "Principal", "Condition"}],
}
"""Properties that exclude each other: each group is left out once."""


class Answer(str):
    """An answer of which every member is an answer."""

    __slots__ = ()

    def __getitem__(self, _name: object) -> "Answer":
        return self

    def get(self, _name: str, default: Json = None) -> Json:
        """A member that may be missing is."""
        return default

    def decode(self, errors: str = "") -> str:
        """What is in a bucket."""
        return "{}" + errors


def calls(plan: Generator[ServiceCall, Json, T]) -> Iterator[tuple[ServiceCall, Json]]:
    """The calls of a plan, with their parameters as the service's model has them."""
    answer: Json = None
    while True:
        try:
            call = plan.send(answer)
        except StopIteration:
            return
        answer = Answer("arn:aws:x:us-east-1:123456789012:thing/name")
        model = (
            load_service(call.service, SERVICES[call.service].protocols[0]).model if call.service in SERVICES else None
        )
        if model is not None and call.operation in model.operation_names:
            yield call, fit_to_shape(model.operation_model(call.operation).input_shape, dict(call.params))
        else:
            yield call, call.params


def asked(name: str, properties: Json, before: Json) -> ResourceRequest:
    named = RESOURCE_TYPES[name].name_property
    tags = properties.get("Tags", [])
    return ResourceRequest(
        "Logical",
        name,
        properties,
        "123456789012",
        "us-east-1",
        name=properties.get(named, "name") if named else "name",
        tags=tuple(tags if isinstance(tags, list) else [{"Key": key, "Value": tags[key]} for key in tags]),
        physical="arn:aws:x:us-east-1:123456789012:thing/name" if before is not None else "",
        attributes={"Arn": "arn:aws:x:us-east-1:123456789012:thing/name"},
        before=before or {},
    )


def chosen(name: str) -> list[tuple[Example, set[str]]]:
    """A full resource, without each of those properties that exclude others."""
    whole = example(schema_of(name))
    return [(whole, left_out) for left_out in ONE_OF.get(name, [set()])]


def lost(name: str, *, update: bool) -> set[str]:
    """Where values are that no call passes on, though nothing says that they have no effect."""
    kind, found = RESOURCE_TYPES[name], []
    for whole, left_out in chosen(name):
        properties = {key: value for key, value in whole.properties.items() if key not in left_out}
        if "DefinitionString" in properties:
            properties["DefinitionString"] += "${Key}"
        before = (
            {key: value for key, value in properties.items() if key in kind.replacement_properties} if update else None
        )
        plan = (kind.update if update else kind.create)(asked(name, properties, before))
        said = dumps([params for _, params in calls(plan)]).lower()
        found.append({place for mark, place in whole.marks.items() if mark not in said})
    return set.intersection(*found)


def said_to_be_lost(name: str, place: str) -> bool:
    """Whether a kind says that a property has no effect, or another property has it."""
    known = RESOURCE_TYPES[name].without_effect | ELSEWISE.get(name, set())
    return any(place == each or place.startswith(f"{each}/") for each in known)


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_what_cannot_be_changed_is_what_the_registry_says(name: str) -> None:
    schema, kind = schema_of(name), RESOURCE_TYPES[name]
    if kind.replacement_properties is ALL_PROPERTIES:
        assert schema.fixed == schema.given
        return
    maybe = {path.removeprefix("/properties/") for path in schema.document.get("conditionalCreateOnlyProperties", [])}
    assert schema.fixed <= kind.replacement_properties <= schema.fixed | maybe | EXTRA.get(name, set())


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_attributes_are_those_that_the_registry_has(name: str) -> None:
    schema, kind = schema_of(name), RESOURCE_TYPES[name]
    assert schema.told <= kind.attributes <= schema.told | schema.given


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_a_resource_is_named_by_a_property_that_it_has(name: str) -> None:
    kind = RESOURCE_TYPES[name]
    assert kind.name_property is None or kind.name_property in schema_of(name).fixed


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_no_property_is_lost_when_a_resource_is_made(name: str) -> None:
    assert {place for place in lost(name, update=False) if not said_to_be_lost(name, place)} == set()


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_no_property_is_lost_when_a_resource_is_changed(name: str) -> None:
    kind = RESOURCE_TYPES[name]
    fixed = schema_of(name).given if kind.replacement_properties is ALL_PROPERTIES else kind.replacement_properties
    missing = {place for place in lost(name, update=True) if not said_to_be_lost(name, place)}
    assert {place for place in missing if place.partition("/")[0] not in fixed} == set()


@pytest.mark.parametrize("name", sorted(name for name in RESOURCE_TYPES if RESOURCE_TYPES[name].without_effect))
def test_what_is_said_to_have_no_effect_is_a_property_that_is_not_passed_on(name: str) -> None:
    missing = lost(name, update=False)
    for part in RESOURCE_TYPES[name].without_effect:
        assert any(place == part or place.startswith(f"{part}/") for place in missing), part
