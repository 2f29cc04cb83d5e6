"""Resources of Step Functions.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html.
"""

import re
from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL,
    Asked,
    Call,
    Kind,
    Made,
    Plan,
    found,
    gone,
    never,
    retag,
)

SETTINGS = ("RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


def _definition(asked: Asked) -> Generator[Call, Json, str]:
    """The definition as text: written as text, as an object, or kept in a bucket; with its substitutions."""
    place = asked.get("DefinitionS3Location")
    if place is not None:
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        answer = yield Call("s3", "GetObject", {"Bucket": place["Bucket"], "Key": place["Key"], **version})
        text = answer["Body"].decode(errors="replace")
    elif "Definition" in asked.properties:
        text = dumps(asked.properties["Definition"])
    elif "DefinitionString" in asked.properties:
        text = value_as_text(asked.properties["DefinitionString"])
    else:
        raise ResourceFailed("Properties validation failed with message: #: a definition is required")
    given = asked.get("DefinitionSubstitutions", {})
    return SUBSTITUTION.sub(lambda found: value_as_text(given[found[1]]) if found[1] in given else found[0], text)


def _create_machine(asked: Asked) -> Plan:
    definition = yield from _definition(asked)
    answer = yield Call(
        "states",
        "CreateStateMachine",
        {
            "name": asked.name,
            "definition": definition,
            "type": asked.get("StateMachineType"),
            **asked.taken(*SETTINGS),
            "tags": list(asked.tags) or None,
        },
    )
    return Made(
        answer["stateMachineArn"],
        {"Arn": answer["stateMachineArn"], "Name": asked.name, "StateMachineRevisionId": "INITIAL"},
    )


def _update_machine(asked: Asked) -> Plan:
    definition = yield from _definition(asked)
    answer = yield Call(
        "states",
        "UpdateStateMachine",
        {"stateMachineArn": asked.physical, "definition": definition, **asked.taken(*SETTINGS)},
    )
    yield from retag("states", asked, {"resourceArn": asked.physical}, "tagKeys")
    revision = answer.get("revisionId", asked.attributes.get("StateMachineRevisionId"))
    return Made(asked.physical, {**asked.attributes, "StateMachineRevisionId": revision})


def _create_version(asked: Asked) -> Plan:
    answer = yield Call(
        "states",
        "PublishStateMachineVersion",
        {
            "stateMachineArn": asked.get("StateMachineArn"),
            "revisionId": asked.get("StateMachineRevisionId"),
            "description": asked.get("Description"),
        },
    )
    return Made(answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]})


def _routing(asked: Asked) -> list[Mapping[str, Json]]:
    preferred = asked.get("DeploymentPreference")
    if preferred is not None:
        return [{"stateMachineVersionArn": preferred["StateMachineVersionArn"], "weight": 100}]
    return list(asked.get("RoutingConfiguration", []))


def _create_alias(asked: Asked) -> Plan:
    answer = yield Call(
        "states",
        "CreateStateMachineAlias",
        {"name": asked.name, "description": asked.get("Description"), "routingConfiguration": _routing(asked)},
    )
    return Made(answer["stateMachineAliasArn"], {"Arn": answer["stateMachineAliasArn"]})


def _update_alias(asked: Asked) -> Plan:
    yield Call(
        "states",
        "UpdateStateMachineAlias",
        {
            "stateMachineAliasArn": asked.physical,
            "description": asked.get("Description"),
            "routingConfiguration": _routing(asked),
        },
    )
    return Made(asked.physical, asked.attributes)


def _create_activity(asked: Asked) -> Plan:
    answer = yield Call(
        "states",
        "CreateActivity",
        {"name": asked.name, **asked.taken("EncryptionConfiguration"), "tags": list(asked.tags) or None},
    )
    return Made(answer["activityArn"], {"Arn": answer["activityArn"], "Name": asked.name})


def _update_activity(asked: Asked) -> Plan:
    yield from retag("states", asked, {"resourceArn": asked.physical}, "tagKeys")
    return Made(asked.physical, asked.attributes)


KINDS: Mapping[str, Kind] = {
    "AWS::StepFunctions::StateMachine": Kind(
        _create_machine,
        _update_machine,
        gone(lambda asked: Call("states", "DeleteStateMachine", {"stateMachineArn": asked.physical})),
        name="StateMachineName",
        longest=80,
        prefix=False,
        replaces=frozenset({"StateMachineName", "StateMachineType"}),
        attributes=frozenset({"Arn", "Name", "StateMachineRevisionId"}),
        look=found(
            lambda asked: Call(
                "states", "DescribeStateMachine", {"stateMachineArn": asked.physical, "includedData": "METADATA_ONLY"}
            )
        ),
    ),
    "AWS::StepFunctions::StateMachineVersion": Kind(
        _create_version,
        never,
        gone(lambda asked: Call("states", "DeleteStateMachineVersion", {"stateMachineVersionArn": asked.physical})),
        replaces=ALL,
        attributes=frozenset({"Arn"}),
    ),
    "AWS::StepFunctions::StateMachineAlias": Kind(
        _create_alias,
        _update_alias,
        gone(lambda asked: Call("states", "DeleteStateMachineAlias", {"stateMachineAliasArn": asked.physical})),
        name="Name",
        longest=80,
        prefix=False,
        replaces=frozenset({"Name"}),
        attributes=frozenset({"Arn"}),
        # A deployment is done at once: nobody watches it, and nothing fails it.
        idle=frozenset(f"DeploymentPreference/{name}" for name in ("Alarms", "Interval", "Percentage", "Type")),
    ),
    "AWS::StepFunctions::Activity": Kind(
        _create_activity,
        _update_activity,
        gone(lambda asked: Call("states", "DeleteActivity", {"activityArn": asked.physical})),
        name="Name",
        longest=80,
        prefix=False,
        replaces=frozenset({"Name", "EncryptionConfiguration"}),
        attributes=frozenset({"Arn", "Name"}),
    ),
}
