"""Define the resource type of ECR.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
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
    exists_by_call,
    update_tags,
)

SETTINGS = ("ImageTagMutability", "ImageTagMutabilityExclusionFilters", "ImageScanningConfiguration")
CREATION_ONLY = ("EncryptionConfiguration",)
COMPARED_NAMES = ("RepositoryName", *SETTINGS, *CREATION_ONLY, "Tags")


def _create_repository(request: ResourceRequest) -> Plan[CreatedResource]:
    name = str(request.get("RepositoryName") or request.name.lower())
    given = {**request.pick(*SETTINGS, *CREATION_ONLY), **_exclusions(request)}
    made = (yield "CreateRepository", {"RepositoryName": name, **given, **request.tag_parameter})["repository"]
    yield from _put_policies(request, name)
    return CreatedResource(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


def _exclusions(request: ResourceRequest) -> dict[str, Json]:
    """Return the parameter with the filters of tags that can be changed, in the API's spelling."""
    prefix = "ImageTagMutabilityExclusionFilter"
    filters = request.get(f"{prefix}s")
    if not filters:
        return {}
    found = [{"FilterType": each[f"{prefix}Type"], "Filter": each[f"{prefix}Value"]} for each in filters]
    return {f"{prefix}s": found}


def _put_policies(request: ResourceRequest, name: str) -> Plan[None]:
    wanted, before = (_lifecycle(request.properties), _lifecycle(request.before))
    if wanted is not None and wanted != before:
        yield "PutLifecyclePolicy", {"RepositoryName": name, "LifecyclePolicyText": wanted}
    elif wanted is None and before is not None:
        yield "DeleteLifecyclePolicy", {"RepositoryName": name}
    policy, policy_before = request.get("RepositoryPolicyText"), request.before.get("RepositoryPolicyText")
    if policy is not None and policy != policy_before:
        yield "SetRepositoryPolicy", {"RepositoryName": name, "PolicyText": policy}
    elif policy is None and policy_before is not None:
        yield "DeleteRepositoryPolicy", {"RepositoryName": name}


def _lifecycle(properties: Mapping[str, Json]) -> Json:
    return (properties.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")


def _update_repository(request: ResourceRequest) -> Plan[CreatedResource]:
    name = request.physical
    mutability = {each: request.get(each) for each in SETTINGS[:2]}
    if mutability != {each: request.before.get(each) for each in SETTINGS[:2]}:
        wanted = {"ImageTagMutability": mutability["ImageTagMutability"] or "MUTABLE", **_exclusions(request)}
        yield "PutImageTagMutability", {"RepositoryName": name, **wanted}
    scanning = request.get("ImageScanningConfiguration", {"ScanOnPush": False})
    if scanning != request.before.get("ImageScanningConfiguration", {"ScanOnPush": False}):
        yield "PutImageScanningConfiguration", {"RepositoryName": name, "ImageScanningConfiguration": scanning}
    yield from _put_policies(request, name)
    yield from update_tags(request)
    return request.unchanged


def _read_repository(request: ResourceRequest) -> Plan[Properties | None]:
    (found,) = (yield "DescribeRepositories", {"RepositoryNames": [request.physical]})["repositories"]
    tags = yield from read_tags("ListTagsForResource", "ResourceArn", found["repositoryArn"], "tags")
    return {**pick(found, COMPARED_NAMES), "Tags": tags}


KINDS: Mapping[str, ResourceType] = {
    "AWS::ECR::Repository": ResourceType(
        _create_repository,
        _update_repository,
        call_with_id("DeleteRepository", "RepositoryName", Force=True),
        NameRule("RepositoryName", 256),
        # The images are those of Docker, which keeps them.
        without_effect=("EmptyOnDelete", "LifecyclePolicy/RegistryId"),
        exists=exists_by_call("DescribeRepositories", "RepositoryNames"),
        present=PresentProperties(COMPARED_NAMES, _read_repository),
    ),
}
