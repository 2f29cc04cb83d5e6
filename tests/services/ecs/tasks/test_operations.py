"""The reasons of StopTask, the protection of tasks, and commands in containers."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness


async def message(harness: EcsHarness, operation: str, **params: Json) -> str:
    with pytest.raises(AwsError) as caught:
        await harness.ecs_call(operation, **params)
    assert caught.value.code == "InvalidParameterException"
    return caught.value.message


async def test_the_reason_of_a_stop_has_at_most_1024_characters(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task()
    assert "at most 1024 characters" in await message(harness, "StopTask", task=arn, reason="x" * 1025)
    await harness.ecs_call("StopTask", task=arn, reason="ü" * 1024)
    assert (await harness.wait_for_end(arn))["stoppedReason"] == "ü" * 1024


async def test_only_tasks_of_services_can_be_protected(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task()
    missing = arn.rpartition("/")[0] + "/" + "0" * 32
    request: Json = {"cluster": "default", "tasks": [arn, missing]}
    for operation, more in (("GetTaskProtection", {}), ("UpdateTaskProtection", {"protectionEnabled": True})):
        answer = await harness.ecs_call(operation, **request, **more)
        assert answer["protectedTasks"] == []
        assert [(each["arn"], each["reason"]) for each in answer["failures"]] == [
            (arn, "TASK_NOT_VALID"),
            (missing, "MISSING"),
        ]
    assert "expiresInMinutes" in await message(
        harness, "UpdateTaskProtection", **request, protectionEnabled=True, expiresInMinutes=2881
    )


async def test_a_command_in_a_container_is_refused_with_the_way_to_run_it(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task()
    refusal = await message(harness, "ExecuteCommand", task=arn, command="sh", interactive=True)
    assert "execute command agent isn't running" in refusal
    assert "docker exec" in refusal
    assert await message(harness, "ExecuteCommand", task="0" * 32, command="sh", interactive=True) == (
        "The referenced task was not found."
    )


async def test_started_by_has_at_most_128_characters(harness: EcsHarness) -> None:
    assert "startedBy" in await message(harness, "RunTask", **await _request(harness, startedBy="x" * 129))


async def _request(harness: EcsHarness, **fields: Json) -> Json:
    await harness.register_and_run_task()
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    return {"taskDefinition": "night", "launchType": "FARGATE", "networkConfiguration": network, **fields}
