"""Valid requests of ECS."""

from lamplighter.base.json_text import Json

CONTAINER: Json = {"name": "a", "image": "busybox", "memory": 64, "essential": True}
FAMILY: Json = {"family": "a", "containerDefinitions": [CONTAINER]}
CLUSTER: Json = {"cluster": "default"}
RESOURCE: Json = {"resourceArn": "${taskarn}"}

BEGIN: list[tuple[str, Json]] = [
    ("CreateCluster", {"clusterName": "default"}),
    ("CreateCluster", {"clusterName": "a"}),
    ("DescribeClusters", {"clusters": ["a"]}),
    ("ListClusters", {}),
    ("UpdateCluster", {"cluster": "a", "settings": [{"name": "containerInsights", "value": "disabled"}]}),
    ("PutClusterCapacityProviders", {
        "cluster": "a", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [],
    }),
    ("UpdateClusterSettings", {"cluster": "a", "settings": [{"name": "containerInsights", "value": "enabled"}]}),
    ("CreateCapacityProvider", {"name": "a", "autoScalingGroupProvider": {"autoScalingGroupArn": "a"}}),
    ("DescribeCapacityProviders", {}),
    ("UpdateCapacityProvider", {"name": "a", "autoScalingGroupProvider": {"managedDraining": "DISABLED"}}),
    ("RegisterTaskDefinition", FAMILY),
    ("RegisterTaskDefinition", FAMILY),
    ("DescribeTaskDefinition", {"taskDefinition": "a"}),
    ("ListTaskDefinitions", {}),
    ("ListTaskDefinitionFamilies", {}),
    ("RunTask", {"taskDefinition": "a"}),
    ("DescribeTasks", {"tasks": ["${taskarn}"]}),
    ("ListTasks", {}),
    ("GetTaskProtection", {**CLUSTER, "tasks": ["${taskarn}"]}),
    ("UpdateTaskProtection", {**CLUSTER, "tasks": ["${taskarn}"], "protectionEnabled": True}),
    ("TagResource", {**RESOURCE, "tags": [{"key": "a", "value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "tagKeys": ["a"]}),
    ("StopTask", {"task": "${taskarn}"}),
    ("DeregisterTaskDefinition", {"taskDefinition": "a:1"}),
    ("DeleteTaskDefinitions", {"taskDefinitions": ["a:1"]}),
    ("DeleteCluster", {"cluster": "a"}),
    ("DeleteCapacityProvider", {"capacityProvider": "a"}),
]
