"""Define the resource types of ECS: clusters, capacity providers and task definitions.

Services are only recorded, because the engine does not keep tasks running. The metadata of a task definition may change
it for this machine (`base/aws/task_definition_metadata.py`).
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html.
"""

from collections.abc import Mapping

from lamplighter.base.aws.task_definition_metadata import adapt_task_definition
from lamplighter.base.json_text import Json
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
    update_only_tags,
    update_tags,
)

CAPACITY_PROPERTIES = ("CapacityProviders", "DefaultCapacityProviderStrategy")
CHANGEABLE_PROPERTIES = ("Configuration", "ServiceConnectDefaults")
PROVIDER_PROPERTIES = ("AutoScalingGroupProvider", "ManagedInstancesProvider")
CLUSTER_NAMES = ("ClusterName", "ClusterSettings", *CAPACITY_PROPERTIES, *CHANGEABLE_PROPERTIES, "Tags")
TASK_NAMES = (
    *("ContainerDefinitions", "Cpu", "Family", "Memory", "NetworkMode", "RequiresCompatibilities", "TaskRoleArn"),
    *("ExecutionRoleArn", "Volumes", "Tags"),
)
"""The properties of clusters and task definitions that are compared."""
UNCHANGEABLE_MEMBERS = ("AutoScalingGroupArn", "CapacityOptionType", "FipsEnabled")


def _create_cluster(request: ResourceRequest) -> Plan[CreatedResource]:
    given = request.pick(*CAPACITY_PROPERTIES, *CHANGEABLE_PROPERTIES)
    settings = {"settings": request.get("ClusterSettings"), **given, **request.tag_parameter}
    yield "CreateCluster", {"clusterName": request.name, **settings}
    return _identify_cluster(request, request.name)


def _identify_cluster(request: ResourceRequest, name: str) -> CreatedResource:
    return CreatedResource(name, {"Arn": request.arn("ecs", f"cluster/{name}")})


def _read_cluster(request: ResourceRequest) -> Plan[Properties | None]:
    parts = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    answer = yield "DescribeClusters", {"clusters": [request.physical], "include": parts}
    active = [each for each in answer["clusters"] if each["status"] == "ACTIVE"]
    return pick(active[0], CLUSTER_NAMES, ClusterSettings="settings") if active else None


def _update_cluster(request: ResourceRequest) -> Plan[CreatedResource]:
    settings = {"settings": request.get("ClusterSettings"), **request.pick(*CHANGEABLE_PROPERTIES)}
    yield "UpdateCluster", {"cluster": request.physical, **settings}
    if any(request.get(name) != request.before.get(name) for name in CAPACITY_PROPERTIES):
        yield from _put_providers(request, request.physical)
    yield from update_tags(request)
    return request.unchanged


def _put_providers(request: ResourceRequest, cluster: str) -> Plan[None]:
    given = {name: request.get(name, []) for name in CAPACITY_PROPERTIES}
    yield "PutClusterCapacityProviders", {"cluster": cluster, **given}


def _associate(request: ResourceRequest) -> Plan[CreatedResource]:
    cluster = str(request.get("Cluster")).rpartition("/")[2]
    yield from _put_providers(request, cluster)
    return CreatedResource(cluster)


def _create_provider(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {"Name": request.name, "Cluster": request.get("ClusterName"), **request.pick(*PROVIDER_PROPERTIES)}
    yield "CreateCapacityProvider", {**given, **request.tag_parameter}
    return CreatedResource(request.name)


def _update_provider(request: ResourceRequest) -> Plan[CreatedResource]:
    changes = {name: _changeable_part(value) for name, value in request.pick(*PROVIDER_PROPERTIES).items()}
    yield "UpdateCapacityProvider", {"Name": request.physical, "Cluster": request.get("ClusterName"), **changes}
    yield from update_tags(request)
    return request.unchanged


def _changeable_part(value: Json) -> Json:
    """Return a provider's settings without those that cannot change, which UpdateCapacityProvider does not accept."""
    if not isinstance(value, dict):
        return value
    return {key: _changeable_part(inner) for key, inner in value.items() if key not in UNCHANGEABLE_MEMBERS}


def _register(request: ResourceRequest) -> Plan[CreatedResource]:
    given = {name: value for name, value in request.properties.items() if name != "Tags"}
    answer = yield "RegisterTaskDefinition", {**given, "Family": request.name, **request.tag_parameter}
    return _identify_task_definition(request, answer["taskDefinition"]["taskDefinitionArn"])


def _identify_task_definition(_request: ResourceRequest, arn: str) -> CreatedResource:
    return CreatedResource(arn, {"TaskDefinitionArn": arn})


def _read_task_definition(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "DescribeTaskDefinition", {"taskDefinition": request.physical, "include": ["TAGS"]}
    found = answer["taskDefinition"]
    return {**pick(found, TASK_NAMES), "Tags": answer.get("tags", [])} if found["status"] == "ACTIVE" else None


KINDS: Mapping[str, ResourceType] = {
    "AWS::ECS::Cluster": ResourceType(
        _create_cluster,
        _update_cluster,
        call_with_id("DeleteCluster", "cluster"),
        NameRule("ClusterName", 255),
        exists=exists_by_call(
            "DescribeClusters",
            "clusters",
            test=lambda answer: any(each["status"] == "ACTIVE" for each in answer["clusters"]),
        ),
        present=PresentProperties(CLUSTER_NAMES, _read_cluster),
        identify=_identify_cluster,
    ),
    "AWS::ECS::CapacityProvider": ResourceType(
        _create_provider,
        _update_provider,
        call_with_id("DeleteCapacityProvider", "capacityProvider"),
        NameRule("Name", 255),
        exists=exists_by_call(
            "DescribeCapacityProviders",
            "capacityProviders",
            test=lambda answer: any(each["status"] == "ACTIVE" for each in answer["capacityProviders"]),
        ),
    ),
    "AWS::ECS::ClusterCapacityProviderAssociations": ResourceType(
        _associate,
        _associate,
        call_with_id(
            "PutClusterCapacityProviders", "cluster", CapacityProviders=[], DefaultCapacityProviderStrategy=[]
        ),
    ),
    "AWS::ECS::TaskDefinition": ResourceType(
        _register,
        update_only_tags,
        call_with_id("DeregisterTaskDefinition", "taskDefinition"),
        NameRule("Family", 255, survives_replacement=True),
        adapt_properties=adapt_task_definition,
        exists=exists_by_call(
            "DescribeTaskDefinition",
            "taskDefinition",
            test=lambda answer: bool(answer["taskDefinition"]["status"] == "ACTIVE"),
        ),
        present=PresentProperties(TASK_NAMES, _read_task_definition),
        identify=_identify_task_definition,
    ),
}
