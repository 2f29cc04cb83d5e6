"""Define the resource types of CloudWatch Logs.

A subscription filter is not among them. It is only recorded, because the engine delivers nothing to its destination.
`Metadata: {Lamplighter: {Adopt: true}}` of a log group states that an existing group of its name is adopted, as by a
change set with ImportExistingResources, unless the group belongs to a stack.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html.
"""

from collections.abc import Generator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    ALL_PROPERTIES,
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


def _create_group(request: ResourceRequest) -> CreatePlan:
    if request.get(ADOPT) and _contains_group((yield _describe(request.name)), request.name):
        yield from _set_retention(request, request.name)
        return CreatedResource(request.name, {"Arn": request.arn("logs", f"log-group:{request.name}:*")})
    yield ServiceCall(
        "logs",
        "CreateLogGroup",
        {
            "logGroupName": request.name,
            **request.pick("KmsKeyId", "LogGroupClass", "DeletionProtectionEnabled"),
            "tags": list(request.tags) or None,
        },
    )
    yield from _set_retention(request, request.name)
    return CreatedResource(request.name, {"Arn": request.arn("logs", f"log-group:{request.name}:*")})


def _describe(name: str) -> ServiceCall:
    return ServiceCall("logs", "DescribeLogGroups", {"logGroupNamePrefix": name})


def _contains_group(answer: Json, name: str) -> bool:
    return any(each["logGroupName"] == name for each in answer["logGroups"])


def _group_exists(request: ResourceRequest) -> ExistsPlan:
    return _contains_group((yield _describe(request.physical)), request.physical)


def _with_adoption(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**properties, ADOPT: True} if extensions.get(ADOPT) is True else properties


def _set_retention(request: ResourceRequest, name: str) -> Generator[ServiceCall, Json, None]:
    days = request.get("RetentionInDays")
    if days is not None:
        yield ServiceCall("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})
    elif request.before.get("RetentionInDays") is not None:
        yield ServiceCall("logs", "DeleteRetentionPolicy", {"logGroupName": name})


def _update_group(request: ResourceRequest) -> CreatePlan:
    yield from _set_retention(request, request.physical)
    if request.get("DeletionProtectionEnabled") != request.before.get("DeletionProtectionEnabled"):
        given = {"deletionProtectionEnabled": request.get("DeletionProtectionEnabled", False)}
        yield ServiceCall("logs", "PutLogGroupDeletionProtection", {"logGroupIdentifier": request.physical, **given})
    key = request.get("KmsKeyId")
    if key != request.before.get("KmsKeyId"):
        operation = "AssociateKmsKey" if key else "DisassociateKmsKey"
        yield ServiceCall("logs", operation, {"logGroupName": request.physical, "kmsKeyId": key})
    where = {"resourceArn": str(request.attributes["Arn"]).removesuffix(":*")}
    yield from update_tags("logs", request, where, "tagKeys")
    return CreatedResource(request.physical, request.attributes)


def _create_stream(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall("logs", "CreateLogStream", {**request.pick("LogGroupName"), "logStreamName": request.name})
    return CreatedResource(request.name)


FILTER_PROPERTIES = ("LogGroupName", "FilterPattern", "ApplyOnTransformedLogs", "FieldSelectionCriteria")
METRIC_FILTER_PROPERTIES = (*FILTER_PROPERTIES, "MetricTransformations", "EmitSystemFieldDimensions")


def _put_metric(request: ResourceRequest) -> CreatePlan:
    name = request.physical or request.name
    given = request.pick(*METRIC_FILTER_PROPERTIES)
    transformed = [
        {**each, **({"Dimensions": _dimension_map(each["Dimensions"])} if "Dimensions" in each else {})}
        for each in given.get("MetricTransformations", [])
    ]
    yield ServiceCall("logs", "PutMetricFilter", {"filterName": name, **given, "MetricTransformations": transformed})
    return CreatedResource(name)


def _put_policy(request: ResourceRequest) -> CreatePlan:
    name = request.physical or request.name
    yield ServiceCall("logs", "PutResourcePolicy", {"policyName": name, **request.pick("PolicyDocument")})
    return CreatedResource(name)


def _dimension_map(dimensions: list[Mapping[str, Json]]) -> dict[str, Json]:
    return {each["Key"]: each["Value"] for each in dimensions}


KINDS: Mapping[str, ResourceType] = {
    "AWS::Logs::LogGroup": ResourceType(
        _create_group,
        _update_group,
        delete_by_calls(lambda asked: ServiceCall("logs", "DeleteLogGroup", {"logGroupName": asked.physical})),
        name_property="LogGroupName",
        max_name_length=512,
        replacement_properties=frozenset({"LogGroupName", "LogGroupClass"}),
        exists=_group_exists,
        adapt_properties=_with_adoption,
        attributes=frozenset({"Arn"}),
        without_effect=frozenset(
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
        name_property="LogStreamName",
        max_name_length=512,
        replacement_properties=ALL_PROPERTIES,
    ),
    "AWS::Logs::ResourcePolicy": ResourceType(
        _put_policy,
        _put_policy,
        delete_by_calls(lambda asked: ServiceCall("logs", "DeleteResourcePolicy", {"policyName": asked.physical})),
        name_property="PolicyName",
        max_name_length=255,
        replacement_properties=frozenset({"PolicyName"}),
    ),
    "AWS::Logs::MetricFilter": ResourceType(
        _put_metric,
        _put_metric,
        delete_by_calls(
            lambda asked: ServiceCall(
                "logs", "DeleteMetricFilter", {**asked.pick("LogGroupName"), "filterName": asked.physical}
            )
        ),
        name_property="FilterName",
        max_name_length=512,
        replacement_properties=frozenset({"FilterName", "LogGroupName"}),
    ),
}
