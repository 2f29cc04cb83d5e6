"""Define the resource types of Step Functions.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html.
"""

import re
from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL_PROPERTIES,
    CreatedResource,
    CreatePlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    exists_by_call,
    never_update,
    update_tags,
)

MACHINE_PROPERTIES = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


def _definition_text(request: ResourceRequest) -> Generator[ServiceCall, Json, str]:
    """Return the definition's text, with substitutions: from the property as text or object, or from a bucket."""
    place = request.get("DefinitionS3Location")
    if place is not None:
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        answer = yield ServiceCall("s3", "GetObject", {"Bucket": place["Bucket"], "Key": place["Key"], **version})
        text = answer["Body"].decode(errors="replace")
    elif "Definition" in request.properties:
        text = dumps(request.properties["Definition"])
    elif "DefinitionString" in request.properties:
        text = value_as_text(request.properties["DefinitionString"])
    else:
        raise ResourceFailed("Properties validation failed with message: #: a definition is required")
    given = request.get("DefinitionSubstitutions", {})
    return SUBSTITUTION.sub(lambda found: value_as_text(given[found[1]]) if found[1] in given else found[0], text)


def _create_machine(request: ResourceRequest) -> CreatePlan:
    definition = yield from _definition_text(request)
    answer = yield ServiceCall(
        "states",
        "CreateStateMachine",
        {
            "name": request.name,
            "definition": definition,
            "type": request.get("StateMachineType"),
            **request.pick(*MACHINE_PROPERTIES),
            "tags": list(request.tags) or None,
        },
    )
    return CreatedResource(
        answer["stateMachineArn"],
        {"Arn": answer["stateMachineArn"], "Name": request.name, "StateMachineRevisionId": "INITIAL"},
    )


def _update_machine(request: ResourceRequest) -> CreatePlan:
    definition = yield from _definition_text(request)
    answer = yield ServiceCall(
        "states",
        "UpdateStateMachine",
        {"stateMachineArn": request.physical, "definition": definition, **request.pick(*MACHINE_PROPERTIES)},
    )
    yield from update_tags("states", request, {"resourceArn": request.physical}, "tagKeys")
    revision = answer.get("revisionId", request.attributes.get("StateMachineRevisionId"))
    return CreatedResource(request.physical, {**request.attributes, "StateMachineRevisionId": revision})


def _create_version(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "PublishStateMachineVersion",
        {
            "stateMachineArn": request.get("StateMachineArn"),
            "revisionId": request.get("StateMachineRevisionId"),
            "description": request.get("Description"),
        },
    )
    return CreatedResource(answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]})


def _routing_configuration(request: ResourceRequest) -> list[Mapping[str, Json]]:
    preferred = request.get("DeploymentPreference")
    if preferred is not None:
        return [{"stateMachineVersionArn": preferred["StateMachineVersionArn"], "weight": 100}]
    return list(request.get("RoutingConfiguration", []))


def _create_alias(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "CreateStateMachineAlias",
        {
            "name": request.name,
            "description": request.get("Description"),
            "routingConfiguration": _routing_configuration(request),
        },
    )
    return CreatedResource(answer["stateMachineAliasArn"], {"Arn": answer["stateMachineAliasArn"]})


def _update_alias(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall(
        "states",
        "UpdateStateMachineAlias",
        {
            "stateMachineAliasArn": request.physical,
            "description": request.get("Description"),
            "routingConfiguration": _routing_configuration(request),
        },
    )
    return CreatedResource(request.physical, request.attributes)


def _create_activity(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "CreateActivity",
        {"name": request.name, **request.pick("EncryptionConfiguration"), "tags": list(request.tags) or None},
    )
    return CreatedResource(answer["activityArn"], {"Arn": answer["activityArn"], "Name": request.name})


def _update_activity(request: ResourceRequest) -> CreatePlan:
    yield from update_tags("states", request, {"resourceArn": request.physical}, "tagKeys")
    return CreatedResource(request.physical, request.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        _create_machine,
        _update_machine,
        delete_by_calls(lambda asked: ServiceCall("states", "DeleteStateMachine", {"stateMachineArn": asked.physical})),
        name_property="StateMachineName",
        max_name_length=80,
        prefix_stack_name=False,
        replacement_properties=frozenset({"StateMachineName", "StateMachineType"}),
        attributes=frozenset({"Arn", "Name", "StateMachineRevisionId"}),
        exists=exists_by_call(
            lambda asked: ServiceCall(
                "states", "DescribeStateMachine", {"stateMachineArn": asked.physical, "includedData": "METADATA_ONLY"}
            )
        ),
    ),
    "AWS::StepFunctions::StateMachineVersion": ResourceType(
        _create_version,
        never_update,
        delete_by_calls(
            lambda asked: ServiceCall("states", "DeleteStateMachineVersion", {"stateMachineVersionArn": asked.physical})
        ),
        replacement_properties=ALL_PROPERTIES,
        attributes=frozenset({"Arn"}),
    ),
    "AWS::StepFunctions::StateMachineAlias": ResourceType(
        _create_alias,
        _update_alias,
        delete_by_calls(
            lambda asked: ServiceCall("states", "DeleteStateMachineAlias", {"stateMachineAliasArn": asked.physical})
        ),
        name_property="Name",
        max_name_length=80,
        prefix_stack_name=False,
        replacement_properties=frozenset({"Name"}),
        attributes=frozenset({"Arn"}),
        # A deployment takes effect immediately: no alarm watches it, and nothing can stop it.
        without_effect=frozenset(
            f"DeploymentPreference/{name}" for name in ("Alarms", "Interval", "Percentage", "Type")
        ),
    ),
    "AWS::StepFunctions::Activity": ResourceType(
        _create_activity,
        _update_activity,
        delete_by_calls(lambda asked: ServiceCall("states", "DeleteActivity", {"activityArn": asked.physical})),
        name_property="Name",
        max_name_length=80,
        prefix_stack_name=False,
        replacement_properties=frozenset({"Name", "EncryptionConfiguration"}),
        attributes=frozenset({"Arn", "Name"}),
    ),
}
