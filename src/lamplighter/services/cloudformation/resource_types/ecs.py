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
PROVIDERS = ("CapacityProviders", "DefaultCapacityProviderStrategy")
NEW = (*PROVIDERS, "Configuration", "ServiceConnectDefaults")


def _create_cluster(asked: ResourceRequest) -> CreatePlan:
    answer = yield ServiceCall(
        "ecs",
        "CreateCluster",
        {
            "clusterName": asked.name,
            "settings": asked.get("ClusterSettings"),
            **asked.pick(*NEW),
            "tags": list(asked.tags) or None,
        },
    )
    return CreatedResource(asked.name, {"Arn": answer["cluster"]["clusterArn"]})


def _update_cluster(asked: ResourceRequest) -> CreatePlan:
    yield ServiceCall(
        "ecs",
        "UpdateCluster",
        {
            "cluster": asked.physical,
            "settings": asked.get("ClusterSettings"),
            **asked.pick("Configuration", "ServiceConnectDefaults"),
        },
    )
    if any(asked.get(name) != asked.before.get(name) for name in PROVIDERS):
        yield _providers(asked.physical, asked)
    yield from update_tags("ecs", asked, {"resourceArn": asked.attributes["Arn"]}, "tagKeys")
    return CreatedResource(asked.physical, asked.attributes)


def _providers(cluster: str, asked: ResourceRequest) -> ServiceCall:
    given = {name: asked.get(name, []) for name in PROVIDERS}
    return ServiceCall("ecs", "PutClusterCapacityProviders", {"cluster": cluster, **given})


def _associate(asked: ResourceRequest) -> CreatePlan:
    cluster = str(asked.get("Cluster")).rpartition("/")[2]
    yield _providers(cluster, asked)
    return CreatedResource(cluster)


def _register(asked: ResourceRequest) -> CreatePlan:
    given = {name: value for name, value in asked.properties.items() if name != "Tags"}
    answer = yield ServiceCall(
        "ecs", "RegisterTaskDefinition", {**given, "Family": asked.name, "tags": list(asked.tags) or None}
    )
    key = answer["taskDefinition"]["taskDefinitionArn"]
    return CreatedResource(key, {"TaskDefinitionArn": key})


def _retag_definition(asked: ResourceRequest) -> CreatePlan:
    yield from update_tags("ecs", asked, {"resourceArn": asked.physical}, "tagKeys")
    return CreatedResource(asked.physical, asked.attributes)


def _as_process(properties: Mapping[str, Json], own: Mapping[str, Json]) -> Mapping[str, Json]:
    containers = properties.get("ContainerDefinitions")
    if own.get("Process") is not True or not isinstance(containers, list):
        return properties
    folder = PurePosixPath(str(own.get("Directory", "")))
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
        name="ClusterName",
        longest=255,
        replaces=frozenset({"ClusterName"}),
        look=exists_by_call(
            lambda asked: ServiceCall("ecs", "DescribeClusters", {"clusters": [asked.physical]}),
            lambda answer: any(each["status"] == "ACTIVE" for each in answer["clusters"]),
        ),
        attributes=frozenset({"Arn"}),
    ),
    "AWS::ECS::ClusterCapacityProviderAssociations": ResourceType(
        _associate,
        _associate,
        delete_by_calls(lambda asked: _providers(asked.physical, replace(asked, properties={}))),
        replaces=frozenset({"Cluster"}),
    ),
    "AWS::ECS::TaskDefinition": ResourceType(
        _register,
        _retag_definition,
        delete_by_calls(
            lambda asked: ServiceCall("ecs", "DeregisterTaskDefinition", {"taskDefinition": asked.physical})
        ),
        name="Family",
        longest=255,
        revised=True,
        here=_as_process,
        replaces=frozenset(
            {
                *("ContainerDefinitions", "Cpu", "EnableFaultInjection", "EphemeralStorage", "ExecutionRoleArn"),
                *("Family", "InferenceAccelerators", "IpcMode", "Memory", "NetworkMode", "PidMode"),
                *("PlacementConstraints", "ProxyConfiguration", "RequiresCompatibilities", "RuntimePlatform"),
                *("TaskRoleArn", "Volumes"),
            }
        ),
        attributes=frozenset({"TaskDefinitionArn"}),
        look=exists_by_call(
            lambda asked: ServiceCall("ecs", "DescribeTaskDefinition", {"taskDefinition": asked.physical}),
            lambda answer: bool(answer["taskDefinition"]["status"] == "ACTIVE"),
        ),
    ),
}
