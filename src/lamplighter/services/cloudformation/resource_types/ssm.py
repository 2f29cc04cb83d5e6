"""Define the resource type of the Parameter Store.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html.
"""

from collections.abc import Mapping

from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
)

PROPERTIES = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Policies")


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


KINDS: Mapping[str, ResourceType] = {
    "AWS::SSM::Parameter": ResourceType(
        _create_parameter,
        _update_parameter,
        call_with_id("DeleteParameter", "Name"),
        NameRule("Name"),
        repeated_attributes=("Type", "Value"),
        exists=exists_by_call("GetParameter", "Name"),
    ),
}
