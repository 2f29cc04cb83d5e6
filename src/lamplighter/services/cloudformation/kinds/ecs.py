"""Resources of ECS: clusters and task definitions. Services are recorded only; nothing here keeps tasks running.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html.
"""

from collections.abc import Mapping
from dataclasses import replace

from lamplighter.services.cloudformation.kinds.kind import Asked, Call, Kind, Made, Plan, gone, retag

PROVIDERS = ("CapacityProviders", "DefaultCapacityProviderStrategy")
NEW = (*PROVIDERS, "Configuration", "ServiceConnectDefaults")


def _create_cluster(asked: Asked) -> Plan:
    answer = yield Call(
        "ecs",
        "CreateCluster",
        {
            "clusterName": asked.name,
            "settings": asked.get("ClusterSettings"),
            **asked.taken(*NEW),
            "tags": list(asked.tags) or None,
        },
    )
    return Made(asked.name, {"Arn": answer["cluster"]["clusterArn"]})


def _update_cluster(asked: Asked) -> Plan:
    yield Call(
        "ecs",
        "UpdateCluster",
        {
            "cluster": asked.physical,
            "settings": asked.get("ClusterSettings"),
            **asked.taken("Configuration", "ServiceConnectDefaults"),
        },
    )
    if any(asked.get(name) != asked.before.get(name) for name in PROVIDERS):
        yield _providers(asked.physical, asked)
    yield from retag("ecs", asked, {"resourceArn": asked.attributes["Arn"]}, "tagKeys")
    return Made(asked.physical, asked.attributes)


def _providers(cluster: str, asked: Asked) -> Call:
    given = {name: asked.get(name, []) for name in PROVIDERS}
    return Call("ecs", "PutClusterCapacityProviders", {"cluster": cluster, **given})


def _associate(asked: Asked) -> Plan:
    cluster = str(asked.get("Cluster")).rpartition("/")[2]
    yield _providers(cluster, asked)
    return Made(cluster)


def _register(asked: Asked) -> Plan:
    given = {name: value for name, value in asked.properties.items() if name != "Tags"}
    answer = yield Call(
        "ecs", "RegisterTaskDefinition", {**given, "Family": asked.name, "tags": list(asked.tags) or None}
    )
    key = answer["taskDefinition"]["taskDefinitionArn"]
    return Made(key, {"TaskDefinitionArn": key})


def _retag_definition(asked: Asked) -> Plan:
    yield from retag("ecs", asked, {"resourceArn": asked.physical}, "tagKeys")
    return Made(asked.physical, asked.attributes)


KINDS: Mapping[str, Kind] = {
    "AWS::ECS::Cluster": Kind(
        _create_cluster,
        _update_cluster,
        gone(lambda asked: Call("ecs", "DeleteCluster", {"cluster": asked.physical})),
        name="ClusterName",
        longest=255,
        replaces=frozenset({"ClusterName"}),
        attributes=frozenset({"Arn"}),
    ),
    "AWS::ECS::ClusterCapacityProviderAssociations": Kind(
        _associate,
        _associate,
        gone(lambda asked: _providers(asked.physical, replace(asked, properties={}))),
        replaces=frozenset({"Cluster"}),
    ),
    "AWS::ECS::TaskDefinition": Kind(
        _register,
        _retag_definition,
        gone(lambda asked: Call("ecs", "DeregisterTaskDefinition", {"taskDefinition": asked.physical})),
        name="Family",
        longest=255,
        revised=True,
        replaces=frozenset(
            {
                *("ContainerDefinitions", "Cpu", "EnableFaultInjection", "EphemeralStorage", "ExecutionRoleArn"),
                *("Family", "InferenceAccelerators", "IpcMode", "Memory", "NetworkMode", "PidMode"),
                *("PlacementConstraints", "ProxyConfiguration", "RequiresCompatibilities", "RuntimePlatform"),
                *("TaskRoleArn", "Volumes"),
            }
        ),
        attributes=frozenset({"TaskDefinitionArn"}),
    ),
}
