"""List all simulated resource types, and return the type of any resource."""

from collections.abc import Mapping

from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types import (
    cloudwatch,
    ecr,
    ecs,
    events,
    iam,
    logs,
    s3,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
    states,
)
from lamplighter.services.cloudformation.resource_types.recorded_only import NO_EFFECT_ON_AWS, NOT_SIMULATED, RECORDED
from lamplighter.services.cloudformation.resource_types.resource_type import ResourceType, properties_without_effect
from lamplighter.services.cloudformation.resource_types.schemas import read_schema
from lamplighter.services.cloudformation.tables.stack_resources import StackResource

NESTED_STACK = "AWS::CloudFormation::Stack"
MODULES = (states, ecs, events, scheduler, sns, sqs, logs, cloudwatch, iam, s3, ssm, secretsmanager, ecr)
RESOURCE_TYPES: Mapping[str, ResourceType] = {name: kind for module in MODULES for name, kind in module.KINDS.items()}
SERVICES = {"StepFunctions": "states", "CloudWatch": "monitoring"}
"""The services on the bus that have other names than in the names of their resource types."""


def resource_type_of(name: str) -> ResourceType:
    """Return the resource type of this name; a type that is not simulated is `RECORDED`."""
    return RESOURCE_TYPES.get(name, RECORDED)


def is_attribute(kind: str, name: str) -> bool:
    """Return whether Fn::GetAtt returns this attribute of a simulated type, besides the properties of a resource."""
    simulated = RESOURCE_TYPES.get(kind)
    return simulated is not None and (name in read_schema(kind).attributes or name in simulated.repeated_attributes)


def replacing_paths(kind: str) -> frozenset[str]:
    """Return the properties, or parts of them (`Property/Member`), whose change replaces a resource of a type."""
    simulated = RESOURCE_TYPES.get(kind)
    return read_schema(kind).create_only.union(simulated.replacement_properties) if simulated else frozenset()


def requires_replacement(kind: str, path: str) -> str:
    """Return whether the change of a property or a part requires a replacement: Never, Conditionally or Always."""
    if not any(f"{path}/".startswith(f"{each}/") or each.startswith(f"{path}/") for each in replacing_paths(kind)):
        return "Never"
    return "Conditionally" if path in read_schema(kind).conditionally_create_only else "Always"


def service_of(name: str) -> str:
    """Return the service that has the resources of a type, by its name on the bus."""
    family = name.split("::")[1]
    return SERVICES.get(family, family.lower())


def no_effect_note(row: StackResource) -> str | None:
    """Return a note on the parts of a resource that have no effect here, or None if all of it has its effect."""
    if row.body.get("recorded"):
        return NOT_SIMULATED
    ignored = properties_without_effect(resource_type_of(row.type), row.body.get("properties", {}))
    return f"Not simulated here: {', '.join(ignored)}." if ignored else None


def is_simulated(name: str) -> bool:
    """Return whether a resource of this type has the same effect here as on AWS, which may be none."""
    return name in RESOURCE_TYPES or name == NESTED_STACK or name in NO_EFFECT_ON_AWS


def check_properties(logical: str, kind: str, given: Mapping[str, object]) -> None:
    """Raise `ResourceFailed` for a property that the type does not have: a misspelled one would have no effect."""
    unknown = sorted(given.keys() - read_schema(kind).properties) if kind in RESOURCE_TYPES else []
    if unknown:
        raise ResourceFailed(
            f"Properties validation failed for resource {logical} with message: "
            f"#: extraneous key [{unknown[0]}] is not permitted"
        )
