"""Define the resource types of CloudWatch Logs.

A subscription filter is not among them. It is only recorded, because the engine delivers nothing to its destination.
`Metadata: {Lamplighter: {Adopt: true}}` of a log group states that an existing group of its name is adopted, as by a
change set with ImportExistingResources, unless the group belongs to a stack.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL,
    CreatedResource,
    CreatePlan,
    ExistsPlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    never_update,
    update_tags,
)

ADOPT = "Adopt"
"""A flag, stored as if it were a property: an existing group of this name that belongs to no stack is adopted."""


def _create_group(asked: ResourceRequest) -> CreatePlan:
    if asked.get(ADOPT) and _has((yield _describe(asked.name)), asked.name):
        yield from _retain(asked, asked.name)
        return CreatedResource(asked.name, {"Arn": asked.arn("logs", f"log-group:{asked.name}:*")})
    yield ServiceCall(
        "logs",
        "CreateLogGroup",
        {
            "logGroupName": asked.name,
            **asked.pick("KmsKeyId", "LogGroupClass", "DeletionProtectionEnabled"),
            "tags": list(asked.tags) or None,
        },
    )
    yield from _retain(asked, asked.name)
    return CreatedResource(asked.name, {"Arn": asked.arn("logs", f"log-group:{asked.name}:*")})


def _describe(name: str) -> ServiceCall:
    return ServiceCall("logs", "DescribeLogGroups", {"logGroupNamePrefix": name})


def _has(answer: Json, name: str) -> bool:
    return any(each["logGroupName"] == name for each in answer["logGroups"])


def _look_for_group(asked: ResourceRequest) -> ExistsPlan:
    return _has((yield _describe(asked.physical)), asked.physical)


def _adopted(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, ADOPT: True} if own.get(ADOPT) is True else properties


def _retain(asked: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    days = asked.get("RetentionInDays")
    if days is not None:
        yield ServiceCall("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})
    elif asked.before.get("RetentionInDays") is not None:
        yield ServiceCall("logs", "DeleteRetentionPolicy", {"logGroupName": name})


def _update_group(asked: ResourceRequest) -> CreatePlan:
    yield from _retain(asked, asked.physical)
    if asked.get("DeletionProtectionEnabled") != asked.before.get("DeletionProtectionEnabled"):
        given = {"deletionProtectionEnabled": asked.get("DeletionProtectionEnabled", False)}
        yield ServiceCall("logs", "PutLogGroupDeletionProtection", {"logGroupIdentifier": asked.physical, **given})
    key = asked.get("KmsKeyId")
    if key != asked.before.get("KmsKeyId"):
        operation = "AssociateKmsKey" if key else "DisassociateKmsKey"
        yield ServiceCall("logs", operation, {"logGroupName": asked.physical, "kmsKeyId": key})
    where = {"resourceArn": str(asked.attributes["Arn"]).removesuffix(":*")}
    yield from update_tags("logs", asked, where, "tagKeys")
    return CreatedResource(asked.physical, asked.attributes)


def _create_stream(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall("logs", "CreateLogStream", {**asked.pick("LogGroupName"), "logStreamName": asked.name})
    return CreatedResource(asked.name)


FILTER = ("LogGroupName", "FilterPattern", "ApplyOnTransformedLogs", "FieldSelectionCriteria")
METRIC = (*FILTER, "MetricTransformations", "EmitSystemFieldDimensions")


def _put_metric(asked: ResourceRequest) -> CreatePlan:
    name = asked.physical or asked.name
    given = asked.pick(*METRIC)
    transformed = [
        {**each, **({"Dimensions": _pairs(each["Dimensions"])} if "Dimensions" in each else {})}
        for each in given.get("MetricTransformations", [])
    ]
    yield ServiceCall("logs", "PutMetricFilter", {"filterName": name, **given, "MetricTransformations": transformed})
    return CreatedResource(name)


def _put_policy(asked: ResourceRequest) -> CreatePlan:
    name = asked.physical or asked.name
    yield ServiceCall("logs", "PutResourcePolicy", {"policyName": name, **asked.pick("PolicyDocument")})
    return CreatedResource(name)


def _pairs(dimensions: list[Mapping[str, Json]]) -> dict[str, Json]:
    return {each["Key"]: each["Value"] for each in dimensions}


KINDS: Mapping[str, ResourceType] = {
    "AWS::Logs::LogGroup": ResourceType(
        _create_group,
        _update_group,
        delete_by_calls(lambda asked: ServiceCall("logs", "DeleteLogGroup", {"logGroupName": asked.physical})),
        name="LogGroupName",
        longest=512,
        replaces=frozenset({"LogGroupName", "LogGroupClass"}),
        look=_look_for_group,
        here=_adopted,
        attributes=frozenset({"Arn"}),
        idle=frozenset(
            {
                *("BearerTokenAuthenticationEnabled", "DataProtectionPolicy", "FieldIndexPolicies"),
                "ResourcePolicyDocument",
            }
        ),
    ),
    "AWS::Logs::LogStream": ResourceType(
        _create_stream,
        never_update,
        delete_by_calls(
            lambda asked: ServiceCall(
                "logs", "DeleteLogStream", {**asked.pick("LogGroupName"), "logStreamName": asked.physical}
            )
        ),
        name="LogStreamName",
        longest=512,
        replaces=ALL,
    ),
    "AWS::Logs::ResourcePolicy": ResourceType(
        _put_policy,
        _put_policy,
        delete_by_calls(lambda asked: ServiceCall("logs", "DeleteResourcePolicy", {"policyName": asked.physical})),
        name="PolicyName",
        longest=255,
        replaces=frozenset({"PolicyName"}),
    ),
    "AWS::Logs::MetricFilter": ResourceType(
        _put_metric,
        _put_metric,
        delete_by_calls(
            lambda asked: ServiceCall(
                "logs", "DeleteMetricFilter", {**asked.pick("LogGroupName"), "filterName": asked.physical}
            )
        ),
        name="FilterName",
        longest=512,
        replaces=frozenset({"FilterName", "LogGroupName"}),
    ),
}
