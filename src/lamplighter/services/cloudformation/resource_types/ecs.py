"""Define the resource types of ECS: clusters and task definitions.

Services are only recorded, because the engine does not keep tasks running. `Metadata: {Lamplighter: {Process: true,
Directory: /folder}}` of a task definition states that the container with the image `scratch`, which cannot be pulled,
is a plain process in that folder of this machine.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    exists_by_call,
    update_tags,
)

NO_IMAGE = "scratch"
CAPACITY_PROPERTIES = ("CapacityProviders", "DefaultCapacityProviderStrategy")
CREATE_PROPERTIES = (*CAPACITY_PROPERTIES, "Configuration", "ServiceConnectDefaults")


def _create_cluster(request: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "ecs",
        "CreateCluster",
        {
            "clusterName": request.name,
            "settings": request.get("ClusterSettings"),
            **request.pick(*CREATE_PROPERTIES),
            "tags": list(request.tags) or None,
        },
    )
    return CreatedResource(request.name, {"Arn": answer["cluster"]["clusterArn"]})


def _update_cluster(request: ResourceRequest) -> CreatePlan:
    yield ServiceCall(
        "ecs",
        "UpdateCluster",
        {
            "cluster": request.physical,
            "settings": request.get("ClusterSettings"),
            **request.pick("Configuration", "ServiceConnectDefaults"),
        },
    )
    if any(request.get(name) != request.before.get(name) for name in CAPACITY_PROPERTIES):
        yield _put_providers(request.physical, request)
    yield from update_tags("ecs", request, {"resourceArn": request.attributes["Arn"]}, "tagKeys")
    return CreatedResource(request.physical, request.attributes)


def _put_providers(cluster: str, request: ResourceRequest) -> ServiceCall:
    given = {name: request.get(name, []) for name in CAPACITY_PROPERTIES}
    return ServiceCall("ecs", "PutClusterCapacityProviders", {"cluster": cluster, **given})


def _associate(request: ResourceRequest) -> CreatePlan:
    cluster = str(request.get("Cluster")).rpartition("/")[2]
    yield _put_providers(cluster, request)
    return CreatedResource(cluster)


def _register(request: ResourceRequest) -> CreatePlan:
    given = {name: value for name, value in request.properties.items() if name != "Tags"}
    answer = yield ServiceCall(
        "ecs", "RegisterTaskDefinition", {**given, "Family": request.name, "tags": list(request.tags) or None}
    )
    key = answer["taskDefinition"]["taskDefinitionArn"]
    return CreatedResource(key, {"TaskDefinitionArn": key})


def _retag_definition(request: ResourceRequest) -> CreatePlan:
    yield from update_tags("ecs", request, {"resourceArn": request.physical}, "tagKeys")
    return CreatedResource(request.physical, request.attributes)


def _without_images(properties: Mapping[str, Json], extensions: Mapping[str, Json]) -> Mapping[str, Json]:
    containers = properties.get("ContainerDefinitions")
    if extensions.get("Process") is not True or not isinstance(containers, list):
        return properties
    folder = PurePosixPath(str(extensions.get("Directory", "")))
    return {**properties, "ContainerDefinitions": [_without_image(each, folder) for each in containers]}


def _without_image(container: Json, folder: PurePosixPath) -> Json:
    if not isinstance(container, dict) or container.get("Image") != NO_IMAGE:
        return container
    bare = {name: value for name, value in container.items() if name != "Image"}
    return bare | {"WorkingDirectory": str(folder / str(bare.get("WorkingDirectory", "")))} if folder.root else bare


KINDS: Mapping[str, ResourceType] = {
    "AWS::ECS::Cluster": ResourceType(
        _create_cluster,
        _update_cluster,
        delete_by_calls(lambda asked: ServiceCall("ecs", "DeleteCluster", {"cluster": asked.physical})),
        name_property="ClusterName",
        max_name_length=255,
        replacement_properties=frozenset({"ClusterName"}),
        exists=exists_by_call(
            lambda asked: ServiceCall("ecs", "DescribeClusters", {"clusters": [asked.physical]}),
            lambda answer: any(each["status"] == "ACTIVE" for each in answer["clusters"]),
        ),
        attributes=frozenset({"Arn"}),
    ),
    "AWS::ECS::ClusterCapacityProviderAssociations": ResourceType(
        _associate,
        _associate,
        delete_by_calls(lambda asked: _put_providers(asked.physical, replace(asked, properties={}))),
        replacement_properties=frozenset({"Cluster"}),
    ),
    "AWS::ECS::TaskDefinition": ResourceType(
        _register,
        _retag_definition,
        delete_by_calls(
            lambda asked: ServiceCall("ecs", "DeregisterTaskDefinition", {"taskDefinition": asked.physical})
        ),
        name_property="Family",
        max_name_length=255,
        replacement_keeps_name=True,
        adapt_properties=_without_images,
        replacement_properties=frozenset(
            {
                *("ContainerDefinitions", "Cpu", "EnableFaultInjection", "EphemeralStorage", "ExecutionRoleArn"),
                *("Family", "InferenceAccelerators", "IpcMode", "Memory", "NetworkMode", "PidMode"),
                *("PlacementConstraints", "ProxyConfiguration", "RequiresCompatibilities", "RuntimePlatform"),
                *("TaskRoleArn", "Volumes"),
            }
        ),
        attributes=frozenset({"TaskDefinitionArn"}),
        exists=exists_by_call(
            lambda asked: ServiceCall("ecs", "DescribeTaskDefinition", {"taskDefinition": asked.physical}),
            lambda answer: bool(answer["taskDefinition"]["status"] == "ACTIVE"),
        ),
    ),
}
