"""The health of containers and tasks, as their health checks find it."""

import pytest

from lamplighter.runtime.port import Health
from lamplighter.services.ecs.tasks.task_health import task_health
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition

CHECK = {"command": ["CMD-SHELL", "exit 0"]}


@pytest.mark.parametrize(
    ("essential", "expected"),
    [
        (["UNHEALTHY", "UNKNOWN"], "UNHEALTHY"),
        (["UNHEALTHY", "HEALTHY"], "UNHEALTHY"),
        (["HEALTHY", "UNKNOWN"], "UNKNOWN"),
        (["HEALTHY", "HEALTHY"], "HEALTHY"),
    ],
)
def test_the_health_of_a_task_is_the_worst_of_its_essential_containers(essential: list[Health], expected: str) -> None:
    assert task_health(essential) == expected


async def test_health_is_unknown_without_a_check_and_before_its_first_result(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job", "healthCheck": CHECK}))
    task = await harness.wait_for_status(arn, "RUNNING")
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("UNKNOWN", "UNKNOWN")


async def test_a_task_shows_each_change_of_health_and_no_health_stops_it(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    definition = fargate_definition({"name": "job", "healthCheck": CHECK}, {"name": "side", "essential": False})
    arn = await harness.register_and_run_task(definition=definition)
    version = (await harness.wait_for_status(arn, "RUNNING"))["version"]
    for health in ("HEALTHY", "UNHEALTHY", "HEALTHY"):
        harness.runtime.set_health(harness.container_name(arn), health)
        task = await harness.wait_for_health(arn, "job", health)
        assert (task["healthStatus"], task["lastStatus"]) == (health, "RUNNING")
        assert [each["healthStatus"] for each in task["containers"]] == [health, "UNKNOWN"]
    assert task["version"] == version


async def test_a_killed_engine_remembers_the_health_and_learns_of_its_changes(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job", "healthCheck": CHECK}))
    await harness.wait_for_status(arn, "RUNNING")
    name = harness.container_name(arn)
    harness.runtime.set_health(name, "UNHEALTHY")
    await harness.wait_for_health(arn, "job", "UNHEALTHY")
    await harness.restart()
    assert (await harness.describe_task(arn))["healthStatus"] == "UNHEALTHY"
    harness.runtime.set_health(name, "HEALTHY")
    await harness.wait_for_health(arn, "job", "HEALTHY")
    harness.runtime.finish(name, 0)
    assert (await harness.wait_for_end(arn))["healthStatus"] == "HEALTHY"
