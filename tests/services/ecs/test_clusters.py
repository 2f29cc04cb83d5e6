"""Clusters, tags, and how tasks are described and listed."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from tests.services.ecs.rig import FARGATE, RUN, Rig

DEFAULT = "arn:aws:ecs:eu-central-1:123456789012:cluster/default"


async def refusal(rig: Rig, operation: str, **params: Json) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await rig.call(operation, **params)
    return caught.value.code, caught.value.message


async def test_a_cluster_without_a_name_is_the_default_one(rig: Rig) -> None:
    made = (await rig.call("CreateCluster"))["cluster"]
    assert (made["clusterArn"], made["status"]) == (DEFAULT, "ACTIVE")
    assert (await rig.call("CreateCluster", clusterName="default"))["cluster"] == made


async def test_clusters_are_described_and_the_missing_are_named(rig: Rig) -> None:
    await rig.call("CreateCluster", clusterName="a", tags=[{"key": "k", "value": "v"}])
    answer = await rig.call("DescribeClusters", clusters=["a", "b"], include=["TAGS"])
    assert [cluster["clusterName"] for cluster in answer["clusters"]] == ["a"]
    assert answer["clusters"][0]["tags"] == [{"key": "k", "value": "v"}]
    assert answer["failures"] == [{"arn": DEFAULT.replace("default", "b"), "reason": "MISSING"}]


async def test_clusters_are_listed_in_pages(rig: Rig) -> None:
    for name in ("b", "a", "c"):
        await rig.call("CreateCluster", clusterName=name)
    first = await rig.call("ListClusters", maxResults=2)
    assert [arn[-1] for arn in first["clusterArns"]] == ["a", "b"]
    second = await rig.call("ListClusters", nextToken=first["nextToken"])
    assert [arn[-1] for arn in second["clusterArns"]] == ["c"]
    assert "nextToken" not in second


async def test_settings_of_a_cluster_can_be_changed(rig: Rig) -> None:
    await rig.call("CreateCluster", clusterName="a")
    settings = [{"name": "containerInsights", "value": "enabled"}]
    assert (await rig.call("UpdateCluster", cluster="a", settings=settings))["cluster"]["settings"] == settings


async def test_a_cluster_with_tasks_cannot_be_deleted_and_an_inactive_one_runs_nothing(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    await rig.call("CreateCluster", clusterName="a")
    arn = await rig.start(cluster="a")
    assert (await refusal(rig, "DeleteCluster", cluster="a"))[0] == "ClusterContainsTasksException"
    await rig.call("StopTask", cluster="a", task=arn)
    await rig.ends(arn)
    assert (await rig.call("DeleteCluster", cluster="a"))["cluster"]["status"] == "INACTIVE"
    assert await refusal(rig, "RunTask", **RUN, cluster="a") == (
        "ClusterNotFoundException",
        "The referenced cluster was inactive.",
    )
    assert (await rig.call("CreateCluster", clusterName="a"))["cluster"]["status"] == "ACTIVE"


@pytest.mark.parametrize("operation", ["DescribeTasks", "ListTasks", "StopTask", "UpdateCluster", "DeleteCluster"])
async def test_a_cluster_that_is_not_there_is_refused(rig: Rig, operation: str) -> None:
    params: Json = {"DescribeTasks": {"tasks": ["0" * 32]}, "StopTask": {"task": "0" * 32}}.get(operation, {})
    assert await refusal(rig, operation, cluster="b", **params) == ("ClusterNotFoundException", "Cluster not found.")


async def test_tasks_are_described_by_id_and_arn_and_the_missing_are_named(rig: Rig) -> None:
    arn = await rig.start()
    await rig.ends(arn)
    missing = "0" * 32
    answer = await rig.call("DescribeTasks", tasks=[arn, arn.rpartition("/")[2], missing])
    assert [task["taskArn"] for task in answer["tasks"]] == [arn, arn]
    assert answer["failures"] == [{"arn": DEFAULT.replace(":cluster/", ":task/") + "/" + missing, "reason": "MISSING"}]
    await rig.call("CreateCluster", clusterName="a")
    other = await rig.call("DescribeTasks", cluster="a", tasks=[arn])
    assert other["failures"] == [{"arn": arn, "reason": "MISSING"}]


async def test_what_can_be_no_task_is_refused(rig: Rig) -> None:
    invalid = "InvalidParameterException"
    assert await refusal(rig, "DescribeTasks", tasks=[]) == (invalid, "Tasks cannot be empty.")
    assert await refusal(rig, "DescribeTasks", tasks=["x"]) == (invalid, "taskId length should be one of [32,36]")
    assert await refusal(rig, "StopTask", task="0" * 32) == (invalid, "The referenced task was not found.")
    assert await refusal(rig, "ListTasks", nextToken="x") == (invalid, "Invalid token.")
    assert (await refusal(rig, "ListTasks", maxResults=101))[0] == invalid


async def test_tasks_are_listed_by_what_they_are(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    mine = await rig.start(startedBy="me")
    other = await rig.start(definition=FARGATE | {"family": "day"}, taskDefinition="day")
    await rig.call("StopTask", task=other)

    async def arns(**params: Json) -> Json:
        return (await rig.call("ListTasks", **params))["taskArns"]

    assert await arns() == [mine]
    assert await arns(desiredStatus="STOPPED") == [other]
    assert await arns(desiredStatus="STOPPED", family="night") == []
    assert await arns(startedBy="me") == [mine]
    assert await arns(startedBy="you") == []
    assert await arns(launchType="FARGATE", family="night") == [mine]
    assert await arns(launchType="EC2") == []


async def test_tasks_are_listed_in_pages(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    first, second = await rig.start(), await rig.run()
    page = await rig.call("ListTasks", maxResults=1)
    assert page["taskArns"] == [first]
    assert (await rig.call("ListTasks", maxResults=1, nextToken=page["nextToken"])) == {"taskArns": [second]}


async def test_tags_are_added_changed_and_taken_away(rig: Rig) -> None:
    cluster = (await rig.call("CreateCluster"))["cluster"]["clusterArn"]
    task = await rig.start()
    await rig.ends(task)
    for arn in (cluster, task, "arn:aws:ecs:eu-central-1:123456789012:task-definition/night:1"):
        await rig.call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}])
        await rig.call("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        await rig.call("UntagResource", resourceArn=arn, tagKeys=["a", "c"])
        assert (await rig.call("ListTagsForResource", resourceArn=arn))["tags"] == [{"key": "b", "value": "2"}]


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
async def test_what_is_not_there_has_no_tags(rig: Rig, arn: str, code: str) -> None:
    assert (await refusal(rig, "ListTagsForResource", resourceArn=arn))[0] == code


async def test_other_operations_are_unknown(rig: Rig) -> None:
    assert (await refusal(rig, "CreateService", serviceName="s"))[0] == "UnknownOperationException"
