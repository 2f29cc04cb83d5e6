"""The simulated resource types agree with AWS's registry: no property is lost silently.

The schemas are those in cfn-lint. See
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html.
"""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import lamplighter
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.cloudformation.resource_types.operation_parameters import fit_to_shape
from lamplighter.services.cloudformation.resource_types.registry import (
    MODULES,
    RESOURCE_TYPES,
    requires_replacement,
    service_of,
)
from lamplighter.services.cloudformation.resource_types.resource_type import Plan, ResourceRequest
from lamplighter.wire.models.service_models import SERVICES, load_service
from tests.services.cloudformation.resource_types.registry import Example, example, schema_of

PACKAGE = Path(lamplighter.__file__).parent
SOURCES = {str(path.relative_to(PACKAGE)): path.read_text() for path in (PACKAGE / "services").rglob("*.py")}
RECORDED_IF_ELSEWHERE = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
"""The types that have an ARN of another form also if IAM is elsewhere, so that the engine only records them."""
UNCHANGEABLE_PROPERTIES = {
    "AWS::ECS::CapacityProvider": {
        "ManagedInstancesProvider/InstanceLaunchTemplate/CapacityOptionType",
        "ManagedInstancesProvider/InstanceLaunchTemplate/FipsEnabled",
    },
}
"""Properties that are not create-only in the registry, but that the operation for changes does not accept."""
REPEATED_PROPERTIES = {
    "AWS::S3::Bucket": {
        "LifecycleConfiguration/Rules/0/NoncurrentVersionExpirationInDays",
        "NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled",
    },
    "AWS::StepFunctions::StateMachineAlias": {"StateMachineArn"},
}
"""Properties that repeat another one: an alias belongs to the machine of its versions, and an older property of a
bucket states the days alone; in S3's API, EventBridgeConfiguration says alone that it is enabled."""
EXCLUSIVE_PROPERTIES = {
    "AWS::StepFunctions::StateMachine": [
        {"DefinitionString", "DefinitionS3Location"},
        {"DefinitionString", "Definition"},
        {"Definition", "DefinitionS3Location"},
    ],
    "AWS::StepFunctions::StateMachineAlias": [set(), {"DeploymentPreference"}],
    "AWS::CloudWatch::Alarm": [{"Metrics"}, {"MetricName"}],
    "AWS::SecretsManager::Secret": [{"SecretString"}, {"GenerateSecretString"}],
    "AWS::Events::EventBusPolicy": [{"Statement"}, {"Action", "Principal", "Condition"}],
}
"""Properties that exclude each other: each group is left out once."""


class Answer(str):
    """An answer whose members are all answers."""

    __slots__ = ()

    def __getitem__(self, _name: object) -> "Answer":
        return self

    def __contains__(self, _name: object) -> bool:
        return True

    def get(self, _name: str, default: Json = None) -> Json:
        """Return the default, as if the member were missing."""
        return default

    def decode(self, errors: str = "") -> str:
        """Return an empty JSON object, as the content of an S3 object."""
        return "{}" + errors


def plan_calls(name: str, plan: Plan[object]) -> Iterator[Json]:
    """Yield the parameters of a plan's calls, in the types of the service's model."""
    answer: Json = None
    while True:
        try:
            call, given = plan.send(answer)
        except StopIteration:
            return
        answer = Answer("arn:aws:x:us-east-1:123456789012:thing/name")
        elsewhere, _, operation = call.rpartition(":")
        service = elsewhere or service_of(name)
        model = load_service(service, SERVICES[service].protocols[0]).model if service in SERVICES else None
        if model is not None and operation in model.operation_names:
            yield fit_to_shape(model.operation_model(operation).input_shape, dict(given))
        else:
            yield given


def resource_request(name: str, properties: Json, before: Json) -> ResourceRequest:
    named = RESOURCE_TYPES[name].name.property
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


def example_variants(name: str) -> list[tuple[Example, set[str]]]:
    """Return an example with every property, once for each group of properties that is left out."""
    whole = example(schema_of(name))
    return [(whole, left_out) for left_out in EXCLUSIVE_PROPERTIES.get(name, [set()])]


def is_replacing(name: str, key: str) -> bool:
    return requires_replacement(name, key) != "Never"


def lost_properties(name: str, *, update: bool) -> set[str]:
    """Return the places of values that no call contains, in no variant of the example."""
    kind, found = RESOURCE_TYPES[name], []
    for whole, left_out in example_variants(name):
        properties = {key: value for key, value in whole.properties.items() if key not in left_out}
        if "DefinitionString" in properties:
            properties["DefinitionString"] += "${Key}"
        if generated := properties.get("GenerateSecretString"):
            template = {generated["SecretStringTemplate"]: ""}
            properties["GenerateSecretString"] = {**generated, "SecretStringTemplate": dumps(template)}
        before = {key: value for key, value in properties.items() if is_replacing(name, key)} if update else None
        plan = (kind.update if update else kind.create)(resource_request(name, properties, before))
        sent = dumps(list(plan_calls(name, plan))).lower()
        found.append({place for mark, place in whole.marks.items() if mark not in sent})
    return set.intersection(*found)


def is_declared_lost(name: str, place: str) -> bool:
    """Return whether the type declares that a property has no effect, or another property repeats it."""
    known = {*RESOURCE_TYPES[name].without_effect, *REPEATED_PROPERTIES.get(name, set())}
    return any(place == each or place.startswith(f"{each}/") for each in known)


@pytest.mark.parametrize("module", MODULES)
def test_a_resource_type_is_known_in_one_file_of_the_services(module: ModuleType) -> None:
    folder = "services/cloudformation/resource_types"
    for name in module.KINDS:
        naming = {path for path, text in SOURCES.items() if f'"{name}"' in text}
        recorded = {f"{folder}/recorded_only.py"} if name in RECORDED_IF_ELSEWHERE else set()
        assert naming == {f"{folder}/{module.__name__.rpartition('.')[2]}.py"} | recorded


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_a_type_names_only_replacing_properties_that_the_registry_does_not(name: str) -> None:
    schema, named = schema_of(name), set(RESOURCE_TYPES[name].replacement_properties)
    assert named <= schema.settable - schema.create_only


def test_the_registry_says_whether_a_change_replaces_a_resource_never_always_or_in_some_cases() -> None:
    assert requires_replacement("AWS::Events::Rule", "EventBusName") == "Conditionally"
    assert requires_replacement("AWS::Events::Rule", "Name") == "Always"
    assert requires_replacement("AWS::Events::Rule", "State") == "Never"


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_a_repeated_attribute_is_a_property_in_the_registry(name: str) -> None:
    assert set(RESOURCE_TYPES[name].repeated_attributes) <= schema_of(name).settable


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_the_name_property_is_create_only(name: str) -> None:
    named = RESOURCE_TYPES[name].name.property
    assert named is None or named in schema_of(name).create_only


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_creating_a_resource_loses_no_property(name: str) -> None:
    assert {place for place in lost_properties(name, update=False) if not is_declared_lost(name, place)} == set()


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_updating_a_resource_loses_no_property(name: str) -> None:
    lost = lost_properties(name, update=True) - UNCHANGEABLE_PROPERTIES.get(name, set())
    missing = {place for place in lost if not is_declared_lost(name, place)}
    assert {place for place in missing if not is_replacing(name, place)} == set()


@pytest.mark.parametrize("name", sorted(name for name in RESOURCE_TYPES if RESOURCE_TYPES[name].without_effect))
def test_a_property_without_effect_is_not_passed_on(name: str) -> None:
    missing = lost_properties(name, update=False)
    for part in RESOURCE_TYPES[name].without_effect:
        assert any(place == part or place.startswith(f"{part}/") for place in missing), part
