"""Clusters, tags, and the description and listing of tasks."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import FARGATE, RUN_TASK, EcsHarness

DEFAULT = "arn:aws:ecs:eu-central-1:123456789012:cluster/default"


async def expect_error(harness: EcsHarness, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call(operation, **params)
    return caught.value.code, caught.value.message


async def test_a_cluster_without_a_name_is_the_default_cluster(harness: EcsHarness) -> None:
    cluster = (await harness.ecs_call("CreateCluster"))["cluster"]
    assert (cluster["clusterArn"], cluster["status"]) == (DEFAULT, "ACTIVE")
    assert (await harness.ecs_call("CreateCluster", clusterName="default"))["cluster"] == cluster


async def test_describe_clusters_reports_missing_clusters_as_failures(harness: EcsHarness) -> None:
    await harness.ecs_call("CreateCluster", clusterName="a", tags=[{"key": "k", "value": "v"}])
    answer = await harness.ecs_call("DescribeClusters", clusters=["a", "b"], include=["TAGS"])
    assert [cluster["clusterName"] for cluster in answer["clusters"]] == ["a"]
    assert answer["clusters"][0]["tags"] == [{"key": "k", "value": "v"}]
    assert answer["failures"] == [{"arn": DEFAULT.replace("default", "b"), "reason": "MISSING"}]


async def test_clusters_are_listed_in_pages(harness: EcsHarness) -> None:
    for name in ("b", "a", "c"):
        await harness.ecs_call("CreateCluster", clusterName=name)
    first = await harness.ecs_call("ListClusters", maxResults=2)
    assert [arn[-1] for arn in first["clusterArns"]] == ["a", "b"]
    second = await harness.ecs_call("ListClusters", nextToken=first["nextToken"])
    assert [arn[-1] for arn in second["clusterArns"]] == ["c"]
    assert "nextToken" not in second


async def test_settings_of_a_cluster_can_be_changed(harness: EcsHarness) -> None:
    await harness.ecs_call("CreateCluster", clusterName="a")
    settings = [{"name": "containerInsights", "value": "enabled"}]
    assert (await harness.ecs_call("UpdateCluster", cluster="a", settings=settings))["cluster"]["settings"] == settings


async def test_a_cluster_with_tasks_cannot_be_deleted_and_an_inactive_cluster_runs_no_task(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    await harness.ecs_call("CreateCluster", clusterName="a")
    arn = await harness.register_and_run_task(cluster="a")
    assert (await expect_error(harness, "DeleteCluster", cluster="a"))[0] == "ClusterContainsTasksException"
    await harness.ecs_call("StopTask", cluster="a", task=arn)
    await harness.wait_for_end(arn)
    assert (await harness.ecs_call("DeleteCluster", cluster="a"))["cluster"]["status"] == "INACTIVE"
    assert await expect_error(harness, "RunTask", **RUN_TASK, cluster="a") == (
        "ClusterNotFoundException",
        "The referenced cluster was inactive.",
    )
    assert (await harness.ecs_call("CreateCluster", clusterName="a"))["cluster"]["status"] == "ACTIVE"


@pytest.mark.parametrize("operation", ["DescribeTasks", "ListTasks", "StopTask", "UpdateCluster", "DeleteCluster"])
async def test_a_missing_cluster_is_an_error(harness: EcsHarness, operation: str) -> None:
    params: Json = {"DescribeTasks": {"tasks": ["0" * 32]}, "StopTask": {"task": "0" * 32}}.get(operation, {})
    assert await expect_error(harness, operation, cluster="b", **params) == (
        "ClusterNotFoundException",
        "Cluster not found.",
    )


async def test_tasks_are_described_by_id_and_arn_and_missing_tasks_are_failures(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task()
    await harness.wait_for_end(arn)
    missing = "0" * 32
    answer = await harness.ecs_call("DescribeTasks", tasks=[arn, arn.rpartition("/")[2], missing])
    assert [task["taskArn"] for task in answer["tasks"]] == [arn, arn]
    assert answer["failures"] == [{"arn": DEFAULT.replace(":cluster/", ":task/") + "/" + missing, "reason": "MISSING"}]
    await harness.ecs_call("CreateCluster", clusterName="a")
    other = await harness.ecs_call("DescribeTasks", cluster="a", tasks=[arn])
    assert other["failures"] == [{"arn": arn, "reason": "MISSING"}]


async def test_invalid_task_ids_tokens_and_page_sizes_are_refused(harness: EcsHarness) -> None:
    invalid = "InvalidParameterException"
    assert await expect_error(harness, "DescribeTasks", tasks=[]) == (invalid, "Tasks cannot be empty.")
    assert await expect_error(harness, "DescribeTasks", tasks=["x"]) == (
        invalid,
        "taskId length should be one of [32,36]",
    )
    assert await expect_error(harness, "StopTask", task="0" * 32) == (invalid, "The referenced task was not found.")
    assert await expect_error(harness, "ListTasks", nextToken="x") == (invalid, "Invalid token.")
    assert (await expect_error(harness, "ListTasks", maxResults=101))[0] == invalid


async def test_tasks_are_filtered_by_status_family_starter_and_launch_type(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    mine = await harness.register_and_run_task(startedBy="me")
    other = await harness.register_and_run_task(definition=FARGATE | {"family": "day"}, taskDefinition="day")
    await harness.ecs_call("StopTask", task=other)

    async def arns(**params: Json) -> Json:
        return (await harness.ecs_call("ListTasks", **params))["taskArns"]

    assert await arns() == [mine]
    assert await arns(desiredStatus="STOPPED") == [other]
    assert await arns(desiredStatus="STOPPED", family="night") == []
    assert await arns(startedBy="me") == [mine]
    assert await arns(startedBy="you") == []
    assert await arns(launchType="FARGATE", family="night") == [mine]
    assert await arns(launchType="EC2") == []


async def test_tasks_are_listed_in_pages(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    first, second = await harness.register_and_run_task(), await harness.run_task()
    page = await harness.ecs_call("ListTasks", maxResults=1)
    assert page["taskArns"] == [first]
    assert (await harness.ecs_call("ListTasks", maxResults=1, nextToken=page["nextToken"])) == {"taskArns": [second]}


async def test_tags_are_added_changed_and_removed(harness: EcsHarness) -> None:
    cluster = (await harness.ecs_call("CreateCluster"))["cluster"]["clusterArn"]
    task = await harness.register_and_run_task()
    await harness.wait_for_end(task)
    for arn in (cluster, task, "arn:aws:ecs:eu-central-1:123456789012:task-definition/night:1"):
        await harness.ecs_call(
            "TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]
        )
        await harness.ecs_call("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        await harness.ecs_call("UntagResource", resourceArn=arn, tagKeys=["a", "c"])
        assert (await harness.ecs_call("ListTagsForResource", resourceArn=arn))["tags"] == [{"key": "b", "value": "2"}]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (DEFAULT, "ClusterNotFoundException"),
        (DEFAULT.replace(":cluster/", ":task/") + "/" + "0" * 32, "ResourceNotFoundException"),
        ("arn:aws:ecs:eu-central-1:123456789012:task-definition/night:1", "ClientException"),
        ("arn:aws:s3:::bucket", "InvalidParameterException"),
        ("nothing", "InvalidParameterException"),
    ],
)
async def test_listing_the_tags_of_a_missing_resource_is_an_error(harness: EcsHarness, arn: str, code: str) -> None:
    assert (await expect_error(harness, "ListTagsForResource", resourceArn=arn))[0] == code


async def test_an_unsupported_operation_is_unknown(harness: EcsHarness) -> None:
    assert (await expect_error(harness, "CreateService", serviceName="s"))[0] == "UnknownOperationException"
