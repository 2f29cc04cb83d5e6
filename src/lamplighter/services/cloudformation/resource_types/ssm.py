"""Define the resource type of the Parameter Store.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html.
"""

from collections.abc import Mapping

from lamplighter.services.cloudformation.resource_types.read_properties import pick
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
)

PROPERTIES = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Policies")
COMPARED_NAMES = ("Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Tags")


def _created(request: ResourceRequest, name: str) -> CreatedResource:
    key = request.arn("ssm", f"parameter/{name.removeprefix('/')}")
    return CreatedResource(name, {"Arn": key, **request.pick("Type", "Value")})


def _create_parameter(request: ResourceRequest) -> Plan[CreatedResource]:
    yield "PutParameter", {"Name": request.name, **request.pick(*PROPERTIES), **request.tag_parameter}
    return _created(request, request.name)


def _update_parameter(request: ResourceRequest) -> Plan[CreatedResource]:
    if any(request.before.get(name) != request.properties.get(name) for name in PROPERTIES):
        yield "PutParameter", {"Name": request.physical, **request.pick(*PROPERTIES), "Overwrite": True}
    place = {"ResourceType": "Parameter", "ResourceId": request.physical}
    removed = {tag["Key"] for tag in request.tags_before} - {tag["Key"] for tag in request.tags}
    if removed:
        yield "RemoveTagsFromResource", {**place, "TagKeys": sorted(removed)}
    if request.tags and request.tags != request.tags_before:
        yield "AddTagsToResource", {**place, **request.tag_parameter}
    return _created(request, request.physical)


def _read_parameter(request: ResourceRequest) -> Plan[Properties | None]:
    found = (yield "GetParameter", {"Name": request.physical})["Parameter"]
    named = {"Key": "Name", "Option": "Equals", "Values": [request.physical]}
    described = (yield "DescribeParameters", {"ParameterFilters": [named]})["Parameters"][0]
    answer = yield "ListTagsForResource", {"ResourceType": "Parameter", "ResourceId": request.physical}
    return {**described, **pick(found, ("Name", "Type", "Value", "DataType")), "Tags": answer.get("TagList", [])}


KINDS: Mapping[str, ResourceType] = {
    "AWS::SSM::Parameter": ResourceType(
        _create_parameter,
        _update_parameter,
        call_with_id("DeleteParameter", "Name"),
        NameRule("Name"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html#aws-resource-ssm-parameter-return-values
        repeated_attributes=("Type", "Value"),
        exists=exists_by_call("GetParameter", "Name"),
        present=PresentProperties(COMPARED_NAMES, _read_parameter),
    ),
}
