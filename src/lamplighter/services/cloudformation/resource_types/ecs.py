"""Define the resource types of ECS: clusters, capacity providers and task definitions.

Services are only recorded, because the engine does not keep tasks running. The metadata of a task definition may change
it for this machine (`base/task_definition_metadata.py`).
See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.base.task_definition_metadata import adapt_task_definition
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    update_only_tags,
    update_tags,
)

CAPACITY_PROPERTIES = ("CapacityProviders", "DefaultCapacityProviderStrategy")
PROVIDER_PROPERTIES = ("AutoScalingGroupProvider", "ManagedInstancesProvider")
UNCHANGEABLE_MEMBERS = ("AutoScalingGroupArn", "CapacityOptionType", "FipsEnabled")
CHANGEABLE_PROPERTIES = ("Configuration", "ServiceConnectDefaults")


def _create_cluster(request: ResourceRequest) -> Plan[CreatedResource]:
    given = request.pick(*CAPACITY_PROPERTIES, *CHANGEABLE_PROPERTIES)
    settings = {"settings": request.get("ClusterSettings"), **given, **request.tag_parameter}
    answer = yield "CreateCluster", {"clusterName": request.name, **settings}
    return CreatedResource(request.name, {"Arn": answer["cluster"]["clusterArn"]})


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
    key = answer["taskDefinition"]["taskDefinitionArn"]
    return CreatedResource(key, {"TaskDefinitionArn": key})


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
    ),
}
