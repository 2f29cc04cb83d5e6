"""Define the resource types of CloudWatch Logs.

A subscription filter is not among them. It is only recorded, because the engine delivers nothing to its destination.
`Metadata: {Lamplighter: {Adopt: true}}` of a log group states that an existing group of its name is adopted, as by a
change set with ImportExistingResources, unless the group belongs to a stack.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html.
"""

from collections.abc import Mapping

from lamplighter.services.cloudformation.resource_types.read_properties import pick, read_tags
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    make_no_call,
    update_tags,
)

ADOPT = "Adopt"
"""A flag, stored as if it were a property: an existing group of this name that belongs to no stack is adopted."""
GROUP_NAMES = ("LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "DeletionProtectionEnabled", "Tags")
FILTER_NAMES = ("FilterName", "LogGroupName", "FilterPattern", "MetricTransformations", "ApplyOnTransformedLogs")
"""The properties of groups and metric filters that are compared."""
METRIC_FILTER_PROPERTIES = (
    *("LogGroupName", "FilterPattern", "ApplyOnTransformedLogs", "FieldSelectionCriteria"),
    *("MetricTransformations", "EmitSystemFieldDimensions"),
)


def _create_group(request: ResourceRequest) -> Plan[CreatedResource]:
    if not (request.get(ADOPT) and (yield from _has_group(request.name))):
        given = request.pick("KmsKeyId", "LogGroupClass", "DeletionProtectionEnabled")
        yield "CreateLogGroup", {"logGroupName": request.name, **given, **request.tag_parameter}
    yield from _set_retention(request, request.name)
    return _identify_group(request, request.name)


def _identify_group(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("logs", f"log-group:{name}:*")})


def _find_group(name: str) -> Plan[Properties | None]:
    answer = yield "DescribeLogGroups", {"logGroupNamePrefix": name}
    return next((each for each in answer["logGroups"] if each["logGroupName"] == name), None)


def _has_group(name: str) -> Plan[bool]:
    return (yield from _find_group(name)) is not None


def _read_group(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield from _find_group(request.physical)
    if found is None:
        return None
    tags = yield from read_tags("ListTagsForResource", "resourceArn", found["logGroupArn"], "tags")
    return {**pick(found, GROUP_NAMES), "Tags": tags}


def _with_adoption(properties: Properties, extensions: Properties) -> Properties:
    return {**properties, ADOPT: True} if extensions.get(ADOPT) is True else properties


def _set_retention(request: ResourceRequest, name: str) -> Plan[None]:
    days = request.get("RetentionInDays")
    if days is not None:
        yield "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days}
    elif request.before.get("RetentionInDays") is not None:
        yield "DeleteRetentionPolicy", {"logGroupName": name}


def _update_group(request: ResourceRequest) -> Plan[CreatedResource]:
    yield from _set_retention(request, request.physical)
    if request.get("DeletionProtectionEnabled") != request.before.get("DeletionProtectionEnabled"):
        given = {"deletionProtectionEnabled": request.get("DeletionProtectionEnabled", False)}
        yield "PutLogGroupDeletionProtection", {"logGroupIdentifier": request.physical, **given}
    key = request.get("KmsKeyId")
    if key != request.before.get("KmsKeyId"):
        group = {"logGroupName": request.physical}
        yield ("AssociateKmsKey", {**group, "kmsKeyId": key}) if key else ("DisassociateKmsKey", group)
    yield from update_tags(request, {"resourceArn": str(request.attributes["Arn"]).removesuffix(":*")})
    return request.unchanged


def _create_stream(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "CreateLogStream", {**request.pick("LogGroupName"), "logStreamName": request.name}
    return CreatedResource(request.name)


def _put_metric(request: ResourceRequest) -> Plan[CreatedResource]:
    name = request.physical or request.name
    given = request.pick(*METRIC_FILTER_PROPERTIES)
    transformations = [
        {**each, **({"Dimensions": _dimension_map(each["Dimensions"])} if "Dimensions" in each else {})}
        for each in given.get("MetricTransformations", [])
    ]
    yield "PutMetricFilter", {"filterName": name, **given, "MetricTransformations": transformations}
    return CreatedResource(name)


def _read_metric(request: ResourceRequest) -> Plan[Properties | None]:
    given = {**request.pick("LogGroupName"), "filterNamePrefix": request.physical}
    answer = yield "DescribeMetricFilters", given
    matching = [each for each in answer["metricFilters"] if each["filterName"] == request.physical]
    return pick(matching[0], FILTER_NAMES) if matching else None


def _dimension_map(dimensions: list[Properties]) -> Properties:
    return {each["Key"]: each["Value"] for each in dimensions}


def _put_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    name = request.physical or request.name
    yield "PutResourcePolicy", {"policyName": name, **request.pick("PolicyDocument")}
    return CreatedResource(name)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Logs::LogGroup": ResourceType(
        _create_group,
        _update_group,
        call_with_id("DeleteLogGroup", "logGroupName"),
        NameRule("LogGroupName", 512),
        # CreateLogGroup says of it: "can't be changed after a log group is created".
        ("LogGroupClass",),
        without_effect=(
            *("BearerTokenAuthenticationEnabled", "DataProtectionPolicy", "FieldIndexPolicies"),
            "ResourcePolicyDocument",
        ),
        adapt_properties=_with_adoption,
        exists=lambda request: _has_group(request.physical),
        present=PresentProperties(GROUP_NAMES, _read_group),
        identify=_identify_group,
    ),
    "AWS::Logs::LogStream": ResourceType(
        _create_stream,
        make_no_call,
        call_with_id("DeleteLogStream", "logStreamName", "LogGroupName"),
        NameRule("LogStreamName", 512),
        identify=lambda _request, name: CreatedResource(name),
    ),
    "AWS::Logs::ResourcePolicy": ResourceType(
        _put_policy, _put_policy, call_with_id("DeleteResourcePolicy", "policyName"), NameRule("PolicyName", 255)
    ),
    "AWS::Logs::MetricFilter": ResourceType(
        _put_metric,
        _put_metric,
        call_with_id("DeleteMetricFilter", "filterName", "LogGroupName"),
        NameRule("FilterName", 512),
        present=PresentProperties(FILTER_NAMES, _read_metric),
        identify=lambda _request, name: CreatedResource(name),
    ),
}
