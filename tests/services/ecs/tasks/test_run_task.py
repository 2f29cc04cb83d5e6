"""What RunTask accepts, refuses, and reports as failures."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.ecs.tasks.run_task import TOKEN_MILLISECONDS
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import FARGATE, NETWORK, RUN_TASK, EcsHarness

BRIDGE = {"family": "bridge", "containerDefinitions": [{"name": "job", "image": "busybox", "cpu": 256, "memory": 512}]}


async def expect_error(harness: EcsHarness, params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call("RunTask", **params)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found."),
        ({"taskDefinition": "night:7"}, "ClientException", "TaskDefinition not found."),
        ({"taskDefinition": "night:"}, "ClientException", "TaskDefinition not found."),
        ({"cluster": "nothing"}, "ClusterNotFoundException", "Cluster not found."),
        ({"count": 0}, "InvalidParameterException", "Count must be between 1 and 10."),
        ({"count": 11}, "InvalidParameterException", "Count must be between 1 and 10."),
        (
            {"networkConfiguration": None},
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}},
            "InvalidParameterException",
            "subnets can not be empty.",
        ),
        (
            {"taskDefinition": "bridge"},
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
        ),
        (
            {"taskDefinition": "bridge", "launchType": "EC2"},
            "InvalidParameterException",
            "Network Configuration is not valid for the given networkMode of this task definition.",
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "other"}]}},
            "InvalidParameterException",
            "Override for container named other is not a container in the TaskDefinition.",
        ),
        (
            {
                "overrides": {
                    "containerOverrides": [
                        {"name": "job", "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/a.txt"}]}
                    ]
                }
            },
            "InvalidParameterException",
            (
                "Invalid setting for container 'job'. "
                "An environment file must be the ARN of an object in S3 that ends with .env."
            ),
        ),
        (
            {"launchType": "ROCKET"},
            "InvalidParameterException",
            "Launch type must be one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "job", "command": ["x" * 8192]}]}},
            "InvalidParameterException",
            "Container Overrides length must be at most 8192",
        ),
        ({"overrides": {"cpu": "much"}}, "InvalidParameterException", "Invalid 'cpu' setting for task."),
        (
            {"tags": [{"key": "aws:mine", "value": "1"}]},
            "InvalidParameterException",
            "Tag keys and values starting with aws: are reserved for AWS use.",
        ),
    ],
)
async def test_an_invalid_request_is_refused_and_creates_no_task(
    harness: EcsHarness, changes: Json, code: str, message: str
) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("RegisterTaskDefinition", **BRIDGE)
    assert await expect_error(harness, RUN_TASK | changes) == (code, message)
    assert harness.events == []
    assert (await harness.ecs_call("ListTasks"))["taskArns"] == []


async def test_an_inactive_definition_is_refused(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("DeregisterTaskDefinition", taskDefinition="night:1")
    assert await expect_error(harness, RUN_TASK | {"taskDefinition": "night:1"}) == (
        "InvalidParameterException",
        "TaskDefinition is inactive",
    )


async def test_count_sets_the_number_of_tasks(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    answer = await harness.ecs_call("RunTask", **RUN_TASK, count=10)
    arns = {task["taskArn"] for task in answer["tasks"]}
    assert len(arns) == 10
    for arn in arns:
        await harness.wait_for_end(arn)
        assert harness.runtime.count("run", harness.container_name(arn)) == 1


async def test_a_request_with_the_same_client_token_starts_no_task_again_for_a_day(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    first = await harness.register_and_run_task(clientToken="t", tags=[{"key": "a", "value": "1"}])
    again = await harness.ecs_call("RunTask", **RUN_TASK, clientToken="t", tags=[{"key": "a", "value": "1"}])
    assert [task["taskArn"] for task in again["tasks"]] == [first]
    assert (await expect_error(harness, RUN_TASK | {"clientToken": "t", "count": 2}))[0] == "ConflictException"
    harness.clock.advance(TOKEN_MILLISECONDS + 1)
    assert await harness.run_task(clientToken="t") != first


async def test_tags_come_from_the_definition_the_request_and_ecs(harness: EcsHarness) -> None:
    definition = FARGATE | {"tags": [{"key": "team", "value": "night"}, {"key": "a", "value": "1"}]}
    arn = await harness.register_and_run_task(
        definition=definition,
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=True,
        tags=[{"key": "a", "value": "2"}],
    )
    expected = [
        {"key": "aws:ecs:clusterName", "value": "default"},
        {"key": "team", "value": "night"},
        {"key": "a", "value": "2"},
    ]
    assert (await harness.describe_task(arn))["tags"] == expected
    assert (await harness.ecs_call("ListTagsForResource", resourceArn=arn))["tags"] == expected
    assert (await harness.ecs_call("DescribeTasks", tasks=[arn]))["tasks"][0]["tags"] == []


async def test_overrides_of_the_task_are_applied_and_shown(harness: EcsHarness) -> None:
    overrides = {
        "cpu": "512",
        "memory": "1 GB",
        "taskRoleArn": "arn:aws:iam::123456789012:role/task",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "ephemeralStorage": {"sizeInGiB": 30},
    }
    task = await harness.wait_for_end(await harness.register_and_run_task(overrides=overrides))
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    assert task["ephemeralStorage"] == {"sizeInGiB": 30}
    assert overrides.items() <= task["overrides"].items()


async def test_a_capacity_provider_decides_the_launch_type(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("CreateCluster", capacityProviders=["FARGATE_SPOT"])
    answer = await harness.ecs_call(
        "RunTask",
        taskDefinition="night",
        networkConfiguration=NETWORK,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )
    assert answer["tasks"][0]["launchType"] == "FARGATE"
    assert answer["tasks"][0]["capacityProviderName"] == "FARGATE_SPOT"


async def test_the_default_cluster_is_created_by_its_first_use_and_others_must_be_created(harness: EcsHarness) -> None:
    assert (await harness.ecs_call("ListClusters"))["clusterArns"] == []
    await harness.wait_for_end(await harness.register_and_run_task())
    assert (await harness.ecs_call("ListClusters"))["clusterArns"] == [
        "arn:aws:ecs:eu-central-1:123456789012:cluster/default"
    ]
    cluster = (await harness.ecs_call("CreateCluster", clusterName="other"))["cluster"]
    task = await harness.ecs_call("RunTask", **RUN_TASK, cluster=cluster["clusterArn"])
    assert task["tasks"][0]["clusterArn"] == cluster["clusterArn"]
