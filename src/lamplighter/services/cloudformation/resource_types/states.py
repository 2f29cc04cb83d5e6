"""Define the resource types of Step Functions.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html.
"""

import re
from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL,
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

SETTINGS = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


def _definition(asked: ResourceRequest) -> Generator[ServiceCall, Json, str]:
    """Return the definition's text, with substitutions: from the property as text or object, or from a bucket."""
    place = asked.get("DefinitionS3Location")
    if place is not None:
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        answer = yield ServiceCall("s3", "GetObject", {"Bucket": place["Bucket"], "Key": place["Key"], **version})
        text = answer["Body"].decode(errors="replace")
    elif "Definition" in asked.properties:
        text = dumps(asked.properties["Definition"])
    elif "DefinitionString" in asked.properties:
        text = value_as_text(asked.properties["DefinitionString"])
    else:
        raise ResourceFailed("Properties validation failed with message: #: a definition is required")
    given = asked.get("DefinitionSubstitutions", {})
    return SUBSTITUTION.sub(lambda found: value_as_text(given[found[1]]) if found[1] in given else found[0], text)


def _create_machine(asked: ResourceRequest) -> CreatePlan:
    definition = yield from _definition(asked)
    answer = yield ServiceCall(
        "states",
        "CreateStateMachine",
        {
            "name": asked.name,
            "definition": definition,
            "type": asked.get("StateMachineType"),
            **asked.pick(*SETTINGS),
            "tags": list(asked.tags) or None,
        },
    )
    return CreatedResource(
        answer["stateMachineArn"],
        {"Arn": answer["stateMachineArn"], "Name": asked.name, "StateMachineRevisionId": "INITIAL"},
    )


def _update_machine(asked: ResourceRequest) -> CreatePlan:
    definition = yield from _definition(asked)
    answer = yield ServiceCall(
        "states",
        "UpdateStateMachine",
        {"stateMachineArn": asked.physical, "definition": definition, **asked.pick(*SETTINGS)},
    )
    yield from update_tags("states", asked, {"resourceArn": asked.physical}, "tagKeys")
    revision = answer.get("revisionId", asked.attributes.get("StateMachineRevisionId"))
    return CreatedResource(asked.physical, {**asked.attributes, "StateMachineRevisionId": revision})


def _create_version(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "PublishStateMachineVersion",
        {
            "stateMachineArn": asked.get("StateMachineArn"),
            "revisionId": asked.get("StateMachineRevisionId"),
            "description": asked.get("Description"),
        },
    )
    return CreatedResource(answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]})


def _routing(asked: ResourceRequest) -> list[Mapping[str, Json]]:
    preferred = asked.get("DeploymentPreference")
    if preferred is not None:
        return [{"stateMachineVersionArn": preferred["StateMachineVersionArn"], "weight": 100}]
    return list(asked.get("RoutingConfiguration", []))


def _create_alias(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "CreateStateMachineAlias",
        {"name": asked.name, "description": asked.get("Description"), "routingConfiguration": _routing(asked)},
    )
    return CreatedResource(answer["stateMachineAliasArn"], {"Arn": answer["stateMachineAliasArn"]})


def _update_alias(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall(
        "states",
        "UpdateStateMachineAlias",
        {
            "stateMachineAliasArn": asked.physical,
            "description": asked.get("Description"),
            "routingConfiguration": _routing(asked),
        },
    )
    return CreatedResource(asked.physical, asked.attributes)


def _create_activity(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "states",
        "CreateActivity",
        {"name": asked.name, **asked.pick("EncryptionConfiguration"), "tags": list(asked.tags) or None},
    )
    return CreatedResource(answer["activityArn"], {"Arn": answer["activityArn"], "Name": asked.name})


def _update_activity(asked: ResourceRequest) -> CreatePlan:
    yield from update_tags("states", asked, {"resourceArn": asked.physical}, "tagKeys")
    return CreatedResource(asked.physical, asked.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        _create_machine,
        _update_machine,
        delete_by_calls(lambda asked: ServiceCall("states", "DeleteStateMachine", {"stateMachineArn": asked.physical})),
        name="StateMachineName",
        longest=80,
        prefix=False,
        replaces=frozenset({"StateMachineName", "StateMachineType"}),
        attributes=frozenset({"Arn", "Name", "StateMachineRevisionId"}),
        look=exists_by_call(
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
        replaces=ALL,
        attributes=frozenset({"Arn"}),
    ),
    "AWS::StepFunctions::StateMachineAlias": ResourceType(
        _create_alias,
        _update_alias,
        delete_by_calls(
            lambda asked: ServiceCall("states", "DeleteStateMachineAlias", {"stateMachineAliasArn": asked.physical})
        ),
        name="Name",
        longest=80,
        prefix=False,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn"}),
        # A deployment takes effect immediately: no alarm watches it, and nothing can stop it.
        idle=frozenset(f"DeploymentPreference/{name}" for name in ("Alarms", "Interval", "Percentage", "Type")),
    ),
    "AWS::StepFunctions::Activity": ResourceType(
        _create_activity,
        _update_activity,
        delete_by_calls(lambda asked: ServiceCall("states", "DeleteActivity", {"activityArn": asked.physical})),
        name="Name",
        longest=80,
        prefix=False,
        replaces=frozenset({"Name", "EncryptionConfiguration"}),
        attributes=frozenset({"Arn", "Name"}),
    ),
}
