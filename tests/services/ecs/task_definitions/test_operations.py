"""Register, number, describe and list task definitions."""

from dataclasses import replace

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.operations.pages import encode_token
from tests.services.ecs.ecs_harness import CALLER, FARGATE, EcsHarness

CONTAINER = {"name": "job", "image": "busybox", "memory": 64}


def make_definition(*definitions: Json, **more: Json) -> Json:
    return {"family": "plain", "containerDefinitions": list(definitions)} | more


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (make_definition(CONTAINER, family=""), "Family contains invalid characters."),
        (make_definition(CONTAINER, family="a b"), "Family contains invalid characters."),
        (make_definition(), "Container list cannot be empty."),
        (make_definition({"image": "busybox"}), "Container.name should not be null or empty."),
        (make_definition(CONTAINER, CONTAINER), "Container names must be unique within a task definition."),
        (
            make_definition(CONTAINER | {"essential": False}),
            "A task definition must have at least one essential container.",
        ),
        (
            make_definition({"name": "job", "image": "busybox"}),
            "Invalid setting for container 'job'. At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
        (
            make_definition(CONTAINER, memory="32"),
            "The 'memory' setting for container 'job' is greater than for the task.",
        ),
        (
            make_definition(CONTAINER | {"cpu": 512}, cpu="256"),
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ),
        (make_definition(CONTAINER, cpu="many"), "Invalid 'cpu' setting for task."),
        (make_definition(CONTAINER, memory="-1"), "Invalid 'memory' setting for task."),
        (make_definition(CONTAINER, memory="inf GB"), "Invalid 'memory' setting for task."),
        (make_definition(CONTAINER, memory="1_0 GB"), "Invalid 'memory' setting for task."),
        (make_definition(CONTAINER, memory="1_024"), "Invalid 'memory' setting for task."),
        (
            make_definition(CONTAINER | {"mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}),
            "Unknown volume 'data'.",
        ),
        (
            make_definition(CONTAINER | {"dockerLabels": {"lamplighter.network": "container:other"}}),
            "Invalid setting for container 'job'. 'lamplighter.network' must name a network of Docker.",
        ),
        (
            make_definition(CONTAINER | {"resourceRequirements": [{"type": "GPU"}]}),
            "Invalid setting for container 'job'.  is not a number of GPUs.",
        ),
        (
            make_definition(CONTAINER | {"resourceRequirements": [{"type": "GPU", "value": "many"}]}),
            "Invalid setting for container 'job'. many is not a number of GPUs.",
        ),
        (
            make_definition(CONTAINER | {"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/a.txt"}]}),
            (
                "Invalid setting for container 'job'. "
                "An environment file must be the ARN of an object in S3 that ends with .env."
            ),
        ),
        (
            make_definition(*({**CONTAINER, "name": f"job{number}"} for number in range(11))),
            "Too many containers.",
        ),
        (
            make_definition(
                CONTAINER | {"dependsOn": [{"containerName": "side", "condition": "HEALTHY"}]},
                CONTAINER | {"name": "side", "healthCheck": {"command": ["NONE"]}},
            ),
            "A dependency container with HEALTHY condition must have a health check configured",
        ),
        (
            make_definition(
                CONTAINER | {"links": ["side"]},
                CONTAINER | {"name": "side", "dependsOn": [{"containerName": "job", "condition": "START"}]},
            ),
            "Container dependencies must not be circular.",
        ),
        (
            make_definition(
                CONTAINER | {"portMappings": [{"containerPort": 80, "hostPort": 3000}]},
                CONTAINER | {"name": "side", "portMappings": [{"containerPort": 81, "hostPort": 3000}]},
            ),
            "TCP host port '3000' is mapped multiple times in task.",
        ),
        (
            make_definition(
                CONTAINER | {"portMappings": [{"containerPort": 53, "protocol": "udp"}] * 2}, networkMode="host"
            ),
            "UDP host port '53' is mapped multiple times in task.",
        ),
        (
            make_definition(
                CONTAINER | {"secrets": [{"name": "X", "valueFrom": "a"}], "environment": [{"name": "X", "value": "1"}]}
            ),
            (
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                "the container, such as 'X'."
            ),
        ),
        (
            make_definition(CONTAINER | {"secrets": [{"name": "X", "valueFrom": each} for each in ("a", "b")]}),
            "Duplicate secret names found: X. Each secret name must be unique.",
        ),
        (
            make_definition(CONTAINER | {"volumesFrom": [{"sourceContainer": "other"}]}),
            (
                "Invalid setting for container 'job'. "
                "Its volumes are from 'other', which is no other container of the task."
            ),
        ),
        (
            make_definition(
                CONTAINER | {"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/a.env"}] * 11}
            ),
            "A task can have at most 10 environment files.",
        ),
        (make_definition(CONTAINER, volumes=[{}]), "Volume.name should not be null or empty."),
        (
            make_definition(CONTAINER | {"mountPoints": [{"sourceVolume": "data"}]}, volumes=[{"name": "data"}]),
            "Invalid setting for container 'job'. A mount point needs a 'containerPath'.",
        ),
        (
            make_definition(CONTAINER | {"stopTimeout": 121}),
            "Invalid setting for container 'job'. 'stopTimeout' must be between 0 and 120.",
        ),
        (
            make_definition(
                CONTAINER | {"dependsOn": [{"containerName": "side", "condition": "SUCCESS"}]},
                CONTAINER | {"name": "side"},
            ),
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            make_definition(
                CONTAINER | {"dependsOn": [{"containerName": "side", "condition": "HEALTHY"}]},
                CONTAINER | {"name": "side"},
            ),
            "A dependency container with HEALTHY condition must have a health check configured",
        ),
        (
            make_definition(
                CONTAINER | {"dependsOn": [{"containerName": "side", "condition": "START"}]},
                CONTAINER | {"name": "side", "dependsOn": [{"containerName": "job", "condition": "START"}]},
            ),
            "Container dependencies must not be circular.",
        ),
        (
            make_definition(
                CONTAINER | {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}}
            ),
            "Log driver awslogs requires options: awslogs-region, awslogs-group",
        ),
        (FARGATE | {"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
        (FARGATE | {"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        (
            FARGATE | {"memory": None, "containerDefinitions": [CONTAINER]},
            "Fargate requires that 'memory' be defined at the task level.",
        ),
        (
            FARGATE | {"cpu": "512", "memory": "512"},
            (
                "No Fargate configuration exists for given values: 512 CPU, 512 memory. "
                "See the Amazon ECS documentation for the valid values."
            ),
        ),
    ],
)
async def test_an_invalid_definition_is_refused(harness: EcsHarness, definition: Json, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call("RegisterTaskDefinition", **definition)
    assert (caught.value.code, caught.value.message) == ("ClientException", message)
    assert (await harness.ecs_call("ListTaskDefinitions"))["taskDefinitionArns"] == []


async def test_a_container_without_an_image_needs_no_memory_limit(harness: EcsHarness) -> None:
    answer = await harness.ecs_call("RegisterTaskDefinition", **make_definition({"name": "job", "command": ["true"]}))
    assert answer["taskDefinition"]["compatibilities"] == ["EC2"]


async def test_a_task_of_plain_processes_may_have_any_size(harness: EcsHarness) -> None:
    size = FARGATE | {"cpu": "100", "memory": "300", "containerDefinitions": [{"name": "job", "command": ["true"]}]}
    answer = await harness.ecs_call("RegisterTaskDefinition", **size)
    assert (answer["taskDefinition"]["cpu"], answer["taskDefinition"]["memory"]) == ("100", "300")


async def test_a_definition_is_shown_with_the_fields_that_ecs_adds(harness: EcsHarness) -> None:
    given = FARGATE | {"cpu": ".25 vCPU", "memory": "0.5GB", "tags": [{"key": "a", "value": "1"}]}
    answer = await harness.ecs_call("RegisterTaskDefinition", **given)
    shown = answer["taskDefinition"]
    assert shown["taskDefinitionArn"] == "arn:aws:ecs:eu-central-1:123456789012:task-definition/night:1"
    assert (shown["family"], shown["revision"], shown["status"]) == ("night", 1, "ACTIVE")
    assert (shown["cpu"], shown["memory"]) == ("256", "512")
    assert shown["compatibilities"] == ["EC2", "FARGATE"]
    assert shown["registeredAt"] == harness.clock.now() / 1000
    assert shown["containerDefinitions"][0]["essential"] is True
    assert answer["tags"] == [{"key": "a", "value": "1"}]
    for name in ("night", "night:1", shown["taskDefinitionArn"]):
        found = await harness.ecs_call("DescribeTaskDefinition", taskDefinition=name, include=["TAGS"])
        assert found == answer
    assert "tags" not in await harness.ecs_call("DescribeTaskDefinition", taskDefinition="night")


@pytest.mark.parametrize(
    "name", ["night:2", "day", "arn:aws:ecs:eu-central-1:999999999999:task-definition/night:1", "arn:aws:ecs", "a:b:c"]
)
async def test_a_missing_definition_cannot_be_described(harness: EcsHarness, name: str) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    with pytest.raises(AwsError, match="Unable to describe task definition") as caught:
        await harness.ecs_call("DescribeTaskDefinition", taskDefinition=name)
    assert caught.value.code == "ClientException"


async def test_revisions_rise_and_are_never_reused(harness: EcsHarness) -> None:
    for _ in range(2):
        await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    await harness.ecs_call("DeregisterTaskDefinition", taskDefinition="night:2")
    latest = await harness.ecs_call("DescribeTaskDefinition", taskDefinition="night")
    assert latest["taskDefinition"]["revision"] == 1
    deleted = await harness.ecs_call(
        "DeleteTaskDefinitions", taskDefinitions=["night:2", "night:1", "night", "night:9"]
    )
    assert [(each["revision"], each["status"]) for each in deleted["taskDefinitions"]] == [(2, "DELETE_IN_PROGRESS")]
    assert len(deleted["failures"]) == 3
    again = await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    assert again["taskDefinition"]["revision"] == 3


async def test_definitions_are_listed_in_pages_and_in_both_orders(harness: EcsHarness) -> None:
    for family in ("b", "a", "a"):
        await harness.ecs_call("RegisterTaskDefinition", **FARGATE | {"family": family})

    async def pages(**params: Json) -> list[str]:
        names, token = [], None
        while True:
            more: dict[str, str] = {"nextToken": token} if token else {}
            answer = await harness.ecs_call("ListTaskDefinitions", maxResults=1, **params, **more)
            names += [arn.rpartition("/")[2] for arn in answer["taskDefinitionArns"]]
            if (token := answer.get("nextToken")) is None:
                return names

    assert await pages() == ["a:1", "a:2", "b:1"]
    assert await pages(sort="DESC") == ["b:1", "a:2", "a:1"]
    assert await pages(familyPrefix="a") == ["a:1", "a:2"]
    await harness.ecs_call("DeregisterTaskDefinition", taskDefinition="a:1")
    assert await pages(status="INACTIVE") == ["a:1"]


async def test_families_are_listed_by_prefix_and_status(harness: EcsHarness) -> None:
    for family in ("night-a", "night-b", "day"):
        await harness.ecs_call("RegisterTaskDefinition", **FARGATE | {"family": family})
    await harness.ecs_call("DeregisterTaskDefinition", taskDefinition="night-b:1")

    async def names(**params: Json) -> Json:
        return (await harness.ecs_call("ListTaskDefinitionFamilies", **params))["families"]

    assert await names() == ["day", "night-a", "night-b"]
    assert await names(familyPrefix="night-") == ["night-a", "night-b"]
    assert await names(status="ACTIVE") == ["day", "night-a"]
    assert await names(status="INACTIVE") == ["night-b"]
    assert await names(maxResults=1, nextToken=encode_token("day")) == ["night-a"]


async def test_a_region_does_not_list_the_definitions_of_another(harness: EcsHarness) -> None:
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    elsewhere = replace(CALLER, region="us-east-1")
    assert (await harness.bus.call(elsewhere, "ecs", "ListTaskDefinitionFamilies", {}))["families"] == []
