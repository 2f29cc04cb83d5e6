"""Capacity providers, the strategies of clusters and of RunTask, and the launch types that follow."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.ecs.tasks.capacity_strategy import distribute
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import FARGATE, NETWORK, EcsHarness

GROUP = {
    "autoScalingGroupArn": "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:1:autoScalingGroupName/g"
}
ROLE = "arn:aws:iam::123456789012:role/infrastructure"
INSTANCES = {
    "infrastructureRoleArn": ROLE,
    "instanceLaunchTemplate": {
        "ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/p",
        "networkConfiguration": {"subnets": ["subnet-1"]},
    },
}


EXISTS = (
    "The specified capacity provider already exists. To change the configuration of an existing capacity provider, "
    "update the capacity provider."
)
NOT_ASSOCIATED = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the "
    "cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and try again."
)
MIXED = (
    "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate "
    "providers. Specify one or the other and try again."
)
NO_WEIGHT = (
    "There are no capacity providers with a weight value greater than zero defined in the specified capacity provider "
    "strategy. At least one capacity provider must have a weight value greater than zero specified. Specify a valid "
    "capacity provider strategy and try again."
)


async def error(harness: EcsHarness, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call(operation, **params)
    return caught.value.code, caught.value.message


def item(name: str, weight: int = 0, base: int = 0) -> Json:
    return {"capacityProvider": name, "weight": weight, "base": base}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ([item("a", 1)], "aaaaaaaa"),
        ([item("a")], "aaaaaaaa"),
        ([item("a", 1), item("b", 3)], "bbabbbab"),
        ([item("a", 1, 2), item("b", 1)], "aaababab"),
        ([item("a", 0, 1), item("b", 1)], "abbbbbbb"),
        ([item("a", 1, 100), item("b", 1)], "aaaaaaaa"),
    ],
)
def test_tasks_are_distributed_by_base_and_then_by_weight(strategy: Json, expected: str) -> None:
    assert "".join(distribute(strategy, 8)) == expected


async def test_a_provider_of_an_auto_scaling_group_is_created_changed_described_and_deleted(
    harness: EcsHarness,
) -> None:
    tags = [{"key": "team", "value": "night"}]
    created = await harness.ecs_call("CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP, tags=tags)
    provider = created["capacityProvider"]
    assert (provider["status"], provider["type"], provider["tags"]) == ("ACTIVE", "EC2_AUTOSCALING", tags)
    assert provider["autoScalingGroupProvider"]["managedScaling"] == {"status": "DISABLED"}
    scaling = {"status": "ENABLED", "targetCapacity": 90}
    await harness.ecs_call("UpdateCapacityProvider", name="group", autoScalingGroupProvider={"managedScaling": scaling})
    answer = await harness.ecs_call("DescribeCapacityProviders", capacityProviders=["group", "none"])
    (found,) = answer["capacityProviders"]
    assert found["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 90
    assert found["autoScalingGroupProvider"]["autoScalingGroupArn"] == GROUP["autoScalingGroupArn"]
    assert [each["reason"] for each in answer["failures"]] == ["MISSING"]
    arn = provider["capacityProviderArn"]
    assert (await harness.ecs_call("ListTagsForResource", resourceArn=arn))["tags"] == tags
    deleted = (await harness.ecs_call("DeleteCapacityProvider", capacityProvider=arn))["capacityProvider"]
    assert (deleted["status"], deleted["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    await harness.ecs_call("CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP)


async def test_the_providers_of_fargate_always_exist_and_providers_are_listed_in_pages(harness: EcsHarness) -> None:
    await harness.ecs_call("CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP)
    page = await harness.ecs_call("DescribeCapacityProviders", maxResults=2)
    rest = await harness.ecs_call("DescribeCapacityProviders", nextToken=page["nextToken"])
    names = [each["name"] for each in page["capacityProviders"] + rest["capacityProviders"]]
    assert names == ["FARGATE", "FARGATE_SPOT", "group"]


async def test_faulty_providers_are_refused_in_aws_s_words(harness: EcsHarness) -> None:
    await harness.ecs_call("CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP)
    again = await error(harness, "CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP)
    assert again == ("ClientException", EXISTS)
    for name in ("aws-one", "ECS", "Fargate-2", "a b"):
        code, message = await error(harness, "CreateCapacityProvider", name=name, autoScalingGroupProvider=GROUP)
        assert code == "InvalidParameterException"
        assert message.startswith("The specified capacity provider name is invalid.")
    assert (await error(harness, "CreateCapacityProvider", name="neither"))[0] == "InvalidParameterException"
    both = await error(
        harness, "CreateCapacityProvider", name="b", autoScalingGroupProvider=GROUP, managedInstancesProvider=INSTANCES
    )
    assert both[0] == "InvalidParameterException"
    missing = "The specified capacity provider was not found. Specify a valid capacity provider and try again."
    assert await error(harness, "DeleteCapacityProvider", capacityProvider="x") == (
        "InvalidParameterException",
        missing,
    )
    assert (await error(harness, "DeleteCapacityProvider", capacityProvider="FARGATE"))[0] == (
        "InvalidParameterException"
    )
    assert await error(harness, "CreateCluster", clusterName="c", capacityProviders=["x"]) == (
        "InvalidParameterException",
        missing,
    )


async def test_a_provider_that_a_cluster_has_is_not_deleted(harness: EcsHarness) -> None:
    await harness.ecs_call("CreateCapacityProvider", name="group", autoScalingGroupProvider=GROUP)
    await harness.ecs_call("CreateCluster", clusterName="c", capacityProviders=["group"])
    provider = (await harness.ecs_call("DeleteCapacityProvider", capacityProvider="group"))["capacityProvider"]
    assert (provider["status"], provider["updateStatus"]) == ("ACTIVE", "DELETE_FAILED")
    assert "cluster: c." in provider["updateStatusReason"]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ([item("FARGATE_SPOT", 1)], NOT_ASSOCIATED),
        ([item("FARGATE", 1), item("group", 1)], MIXED),
        ([item("group", 0), item("other", 0)], NO_WEIGHT),
        (
            [item("group", 1, 1), item("other", 1, 1)],
            "Only one capacity provider in a capacity provider strategy can have a base defined.",
        ),
        ([item("group", 1001)], "The weight value must be between 0 and 1000."),
        ([item("group", 1, 100_001)], "The base value must be between 0 and 100000."),
        (
            [item("group", 1), item("group", 1)],
            "A capacity provider strategy cannot contain duplicate capacity providers.",
        ),
    ],
)
async def test_faulty_strategies_of_run_task_are_refused(harness: EcsHarness, strategy: Json, message: str) -> None:
    for name in ("group", "other"):
        await harness.ecs_call("CreateCapacityProvider", name=name, autoScalingGroupProvider=GROUP)
    await harness.ecs_call("CreateCluster", capacityProviders=["FARGATE", "group", "other"])
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    request = {"taskDefinition": "night", "networkConfiguration": NETWORK, "capacityProviderStrategy": strategy}
    assert await error(harness, "RunTask", **request) == ("InvalidParameterException", message)


async def test_the_default_strategy_of_a_cluster_decides_without_another_wish(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("CreateCluster", clusterName="c")
    await harness.ecs_call(
        "PutClusterCapacityProviders",
        cluster="c",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[item("FARGATE", 1, 1), item("FARGATE_SPOT", 3)],
    )
    request: Json = {"taskDefinition": "night", "networkConfiguration": NETWORK, "count": 5}
    answer = await harness.ecs_call("RunTask", cluster="c", **request)
    names = [each["capacityProviderName"] for each in answer["tasks"]]
    assert (names.count("FARGATE"), names.count("FARGATE_SPOT")) == (2, 3)
    assert {each["launchType"] for each in answer["tasks"]} == {"FARGATE"}


async def test_managed_instances_belong_to_their_cluster_and_give_their_launch_type(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("CreateCluster", clusterName="c")
    created = await harness.ecs_call(
        "CreateCapacityProvider", name="managed", cluster="c", managedInstancesProvider=INSTANCES
    )
    assert (created["capacityProvider"]["type"], created["capacityProvider"]["cluster"]) == ("MANAGED_INSTANCES", "c")
    answer = await harness.ecs_call("DescribeClusters", clusters=["c"])
    assert answer["clusters"][0]["capacityProviders"] == ["managed"]
    run = {"taskDefinition": "night", "networkConfiguration": NETWORK, "capacityProviderStrategy": [item("managed", 1)]}
    task = (await harness.ecs_call("RunTask", cluster="c", **run))["tasks"][0]
    assert (task["launchType"], task["capacityProviderName"]) == ("MANAGED_INSTANCES", "managed")
    assert "containerInstanceArn" in task
    await harness.wait_for_end(task["taskArn"])
    deleted = await harness.ecs_call("DeleteCapacityProvider", capacityProvider="managed", cluster="c")
    assert deleted["capacityProvider"]["status"] == "INACTIVE"
    answer = await harness.ecs_call("DescribeClusters", clusters=["c"])
    assert answer["clusters"][0]["capacityProviders"] == []


async def test_a_provider_that_tasks_use_stays_in_its_cluster(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("CreateCluster", clusterName="c", capacityProviders=["FARGATE_SPOT"])
    run = {"taskDefinition": "night", "networkConfiguration": NETWORK}
    strategy = [item("FARGATE_SPOT", 1)]
    task = (await harness.ecs_call("RunTask", cluster="c", **run, capacityProviderStrategy=strategy))["tasks"][0]
    change: Json = {"cluster": "c", "capacityProviders": [], "defaultCapacityProviderStrategy": []}
    assert await error(harness, "PutClusterCapacityProviders", **change) == (
        "ResourceInUseException",
        "The specified capacity provider is in use and cannot be removed.",
    )
    await harness.ecs_call("StopTask", cluster="c", task=task["taskArn"])
    await harness.wait_for_end(task["taskArn"])
    cluster = (await harness.ecs_call("PutClusterCapacityProviders", **change))["cluster"]
    assert cluster["capacityProviders"] == []


async def test_a_platform_version_belongs_to_fargate_alone(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    request = {"taskDefinition": "night", "networkConfiguration": NETWORK, "platformVersion": "1.4.0"}
    assert await error(harness, "RunTask", launchType="EC2", **request) == (
        "InvalidParameterException",
        "The platform version must be null when specifying an EC2 launch type.",
    )
