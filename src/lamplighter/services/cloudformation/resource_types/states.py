"""Define the resource types of Step Functions.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html.
"""

import re
from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.read_properties import pick, read_by_call, read_tags
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    identify_by_arn,
    make_no_call,
    update_only_tags,
    update_tags,
)

MACHINE_PROPERTIES = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
MACHINE_NAMES = ("StateMachineName", "StateMachineType", *MACHINE_PROPERTIES, "Tags")
SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


def _definition_text(request: ResourceRequest) -> Plan[str]:
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
    given = {"definition": (yield from _definition_text(request)), **request.pick(*MACHINE_PROPERTIES)}
    kind = {"name": request.name, "type": request.get("StateMachineType")}
    key = (yield "CreateStateMachine", {**kind, **given, **request.tag_parameter})["stateMachineArn"]
    return CreatedResource(key, {"Arn": key, "Name": request.name, "StateMachineRevisionId": "INITIAL"})


def _update_machine(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"definition": (yield from _definition_text(request)), **request.pick(*MACHINE_PROPERTIES)}
    answer = yield "UpdateStateMachine", {"stateMachineArn": request.physical, **given}
    yield from update_tags(request)
    revision = answer.get("revisionId", request.attributes.get("StateMachineRevisionId"))
    return CreatedResource(request.physical, {**request.attributes, "StateMachineRevisionId": revision})


def _identify(_request: ResourceRequest, arn: str) -> CreatedResource:
    """Return a state machine or an activity."""
    return CreatedResource(arn, {"Arn": arn, "Name": arn.rpartition(":")[2]})


def _read_machine(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeStateMachine", {"stateMachineArn": request.physical}
    tags = yield from read_tags("ListTagsForResource", "resourceArn", request.physical, "tags")
    wanted = yield from _definition_text(request)
    is_same = loads_or(found["definition"], None) == loads_or(wanted, wanted)
    # A definition is written as text, as an object or in a bucket, and with substitutions.
    given = [name for name in ("DefinitionString", "Definition") if name in request.properties]
    definition = {name: request.properties[name] if is_same else found["definition"] for name in given}
    names = {"StateMachineName": "name", "StateMachineType": "type"}
    return {**pick(found, MACHINE_NAMES, **names), **definition, "Tags": tags}


def _create_version(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield (
        "PublishStateMachineVersion",
        {
            "stateMachineArn": request.get("StateMachineArn"),
            "revisionId": request.get("StateMachineRevisionId"),
            "description": request.get("Description"),
        },
    )
    return identify_by_arn(request, answer["stateMachineVersionArn"])


def _alias_settings(request: ResourceRequest) -> Properties:
    routing: Json = list(request.get("RoutingConfiguration", []))
    preferred = request.get("DeploymentPreference")
    if preferred is not None:
        routing = [{"stateMachineVersionArn": preferred["StateMachineVersionArn"], "weight": 100}]
    return {"description": request.get("Description"), "routingConfiguration": routing}


def _create_alias(request: ResourceRequest) -> Plan[CreatedResource]:
    answer = yield "CreateStateMachineAlias", {"name": request.name, **_alias_settings(request)}
    return identify_by_arn(request, answer["stateMachineAliasArn"])


def _update_alias(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "UpdateStateMachineAlias", {"stateMachineAliasArn": request.physical, **_alias_settings(request)}
    return request.unchanged


def _create_activity(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {**request.pick("EncryptionConfiguration"), **request.tag_parameter}
    answer = yield "CreateActivity", {"name": request.name, **given}
    return _identify(request, answer["activityArn"])


def _read_activity(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeActivity", {"activityArn": request.physical}
    tags = yield from read_tags("ListTagsForResource", "resourceArn", request.physical, "tags")
    return {"Name": found["name"], "Tags": tags}


KINDS: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        _create_machine,
        _update_machine,
        call_with_id("DeleteStateMachine", "stateMachineArn"),
        NameRule("StateMachineName", 80, has_stack_name=False),
        exists=exists_by_call("DescribeStateMachine", "stateMachineArn", includedData="METADATA_ONLY"),
        present=PresentProperties((*MACHINE_NAMES, "DefinitionString", "Definition"), _read_machine),
        identify=_identify,
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
        present=PresentProperties(
            ("Name", "Description", "RoutingConfiguration"),
            read_by_call("DescribeStateMachineAlias", "stateMachineAliasArn"),
        ),
        identify=identify_by_arn,
    ),
    "AWS::StepFunctions::Activity": ResourceType(
        _create_activity,
        update_only_tags,
        call_with_id("DeleteActivity", "activityArn"),
        NameRule("Name", 80, has_stack_name=False),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-activity.html#aws-resource-stepfunctions-activity-return-values
        repeated_attributes=("Name",),
        present=PresentProperties(("Name", "Tags"), _read_activity),
        identify=_identify,
    ),
}
