"""Define the resource types of Step Functions.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    make_no_call,
    update_only_tags,
    update_tags,
)

MACHINE_PROPERTIES = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


def definition_text(request: ResourceRequest) -> Plan[str]:
    """Return the definition's text, with substitutions: from the property as text or object, or from a bucket."""
    place = request.get("DefinitionS3Location")
    if place is not None:
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        answer = yield "s3:GetObject", {"Bucket": place["Bucket"], "Key": place["Key"], **version}
        text = answer["Body"].decode(errors="replace")
    elif "Definition" in request.properties:
        text = dumps(request.properties["Definition"])
    elif "DefinitionString" in request.properties:
        text = value_as_text(request.properties["DefinitionString"])
    else:
        raise ResourceFailed("Properties validation failed with message: #: a definition is required")
    given = request.get("DefinitionSubstitutions", {})
    return SUBSTITUTION.sub(lambda found: value_as_text(given[found[1]]) if found[1] in given else found[0], text)


def _create_machine(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"definition": (yield from definition_text(request)), **request.pick(*MACHINE_PROPERTIES)}
    kind = {"name": request.name, "type": request.get("StateMachineType")}
    key = (yield "CreateStateMachine", {**kind, **given, **request.tag_parameter})["stateMachineArn"]
    return CreatedResource(key, {"Arn": key, "Name": request.name, "StateMachineRevisionId": "INITIAL"})


def _update_machine(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"definition": (yield from definition_text(request)), **request.pick(*MACHINE_PROPERTIES)}
    answer = yield "UpdateStateMachine", {"stateMachineArn": request.physical, **given}
    yield from update_tags(request)
    revision = answer.get("revisionId", request.attributes.get("StateMachineRevisionId"))
    return CreatedResource(request.physical, {**request.attributes, "StateMachineRevisionId": revision})


def _create_version(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield (
        "PublishStateMachineVersion",
        {
            "stateMachineArn": request.get("StateMachineArn"),
            "revisionId": request.get("StateMachineRevisionId"),
            "description": request.get("Description"),
        },
    )
    return CreatedResource(answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]})


def _alias_settings(request: ResourceRequest) -> Properties:
    routing: Json = list(request.get("RoutingConfiguration", []))
    preferred = request.get("DeploymentPreference")
    if preferred is not None:
        routing = [{"stateMachineVersionArn": preferred["StateMachineVersionArn"], "weight": 100}]
    return {"description": request.get("Description"), "routingConfiguration": routing}


def _create_alias(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield "CreateStateMachineAlias", {"name": request.name, **_alias_settings(request)}
    return CreatedResource(answer["stateMachineAliasArn"], {"Arn": answer["stateMachineAliasArn"]})


def _update_alias(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "UpdateStateMachineAlias", {"stateMachineAliasArn": request.physical, **_alias_settings(request)}
    return request.unchanged


def _create_activity(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {**request.pick("EncryptionConfiguration"), **request.tag_parameter}
    answer = yield "CreateActivity", {"name": request.name, **given}
    return CreatedResource(answer["activityArn"], {"Arn": answer["activityArn"], "Name": request.name})


KINDS: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        _create_machine,
        _update_machine,
        call_with_id("DeleteStateMachine", "stateMachineArn"),
        NameRule("StateMachineName", 80, has_stack_name=False),
        exists=exists_by_call("DescribeStateMachine", "stateMachineArn", includedData="METADATA_ONLY"),
    ),
    "AWS::StepFunctions::StateMachineVersion": ResourceType(
        _create_version,
        make_no_call,
        call_with_id("DeleteStateMachineVersion", "stateMachineVersionArn"),
    ),
    "AWS::StepFunctions::StateMachineAlias": ResourceType(
        _create_alias,
        _update_alias,
        call_with_id("DeleteStateMachineAlias", "stateMachineAliasArn"),
        NameRule("Name", 80, has_stack_name=False),
        # A deployment takes effect immediately: no alarm watches it, and nothing can stop it.
        without_effect=tuple(f"DeploymentPreference/{name}" for name in ("Alarms", "Interval", "Percentage", "Type")),
    ),
    "AWS::StepFunctions::Activity": ResourceType(
        _create_activity,
        update_only_tags,
        call_with_id("DeleteActivity", "activityArn"),
        NameRule("Name", 80, has_stack_name=False),
        repeated_attributes=("Name",),
    ),
}
