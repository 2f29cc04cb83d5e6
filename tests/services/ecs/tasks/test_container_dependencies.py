"""A container waits for the containers on which it depends, and not for ever."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import CannotStart
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition

CHECK = {"command": ["CMD-SHELL", "test -f /tmp/ready"]}


def depends(condition: str, *, essential: bool = True) -> Json:
    return {"name": "job", "essential": essential, "dependsOn": [{"containerName": "base", "condition": condition}]}


async def run(harness: EcsHarness, job: Json, **base: Json) -> str:
    """Run a task whose container `job` depends on `base`, and wait until `base` runs."""
    definition = fargate_definition(job, {"name": "base", "essential": False, **base})
    arn = await harness.register_and_run_task(definition=definition)
    await harness.wait_until(lambda: harness.runtime.count("run", harness.container_name(arn, "base")) == 1)
    return arn


def runs(harness: EcsHarness, arn: str) -> int:
    return harness.runtime.count("run", harness.container_name(arn))


async def test_a_container_that_needs_a_healthy_one_starts_when_its_check_succeeds(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await run(harness, depends("HEALTHY"), healthCheck=CHECK)
    base = harness.container_name(arn, "base")
    harness.runtime.set_health(base, "UNHEALTHY")
    await harness.wait_for_health(arn, "base", "UNHEALTHY")
    assert runs(harness, arn) == 0
    harness.runtime.set_health(base, "HEALTHY")
    await harness.wait_for_status(arn, "RUNNING")
    assert runs(harness, arn) == 1
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)


async def test_an_engine_that_was_killed_continues_to_wait_for_health(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await run(harness, depends("HEALTHY"), healthCheck=CHECK)
    await harness.restart()
    assert runs(harness, arn) == 0
    harness.runtime.set_health(harness.container_name(arn, "base"), "HEALTHY")
    await harness.wait_for_status(arn, "RUNNING")
    assert harness.runtime.count("run", harness.container_name(arn, "base")) == 1
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)


async def test_a_container_waits_for_the_start_of_those_to_which_it_is_linked(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    containers = [
        {"name": "job", "image": "busybox", "memory": 64, "links": ["base:db"]},
        {"name": "base", "image": "busybox", "memory": 64},
    ]
    await harness.ecs_call("RegisterTaskDefinition", family="night", containerDefinitions=containers)
    arn = (await harness.ecs_call("RunTask", taskDefinition="night"))["tasks"][0]["taskArn"]
    await harness.wait_for_status(arn, "RUNNING")
    started = [name for operation, name in harness.runtime.calls if operation == "run"]
    assert started == [harness.container_name(arn, each) for each in ("base", "job")]
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)


@pytest.mark.parametrize("condition", ["HEALTHY", "COMPLETE", "SUCCESS"])
@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_dependency_that_takes_longer_than_its_start_timeout_stops_the_task(
    harness: EcsHarness, condition: str, is_killed: bool
) -> None:
    """The time counts from the start of the dependency, also if the engine was killed since."""
    harness.runtime.script(Script(after=None))
    arn = await run(harness, depends(condition), healthCheck=CHECK, startTimeout=60)
    harness.clock.advance(59_999)
    if is_killed:
        await harness.restart()
        await harness.wait_until(lambda: harness.runtime.count("start", harness.container_name(arn, "base")) == 2)
    assert (await harness.describe_task(arn))["lastStatus"] == "PENDING"
    harness.clock.advance(1)
    task = await harness.wait_for_end(arn)
    assert (task["stopCode"], task["stoppedReason"]) == (
        "TaskFailedToStart",
        (
            "CannotStartContainerError: dependency graph: container ordering dependency "
            "[base(busybox) (RUNNING->RUNNING)] for target [job(busybox) (NONE->RUNNING)] has timed out."
        ),
    )
    assert {each["name"]: each.get("exitCode") for each in task["containers"]} == {"job": 143, "base": 143}
    assert runs(harness, arn) == 0


async def test_a_start_timeout_has_no_effect_on_the_condition_start(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await run(harness, depends("START"), startTimeout=1)
    harness.clock.advance(60_000)
    await harness.wait_for_status(arn, "RUNNING")
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)


async def test_a_container_that_has_already_stopped_meets_the_condition_start(harness: EcsHarness) -> None:
    definition = fargate_definition(depends("START"), {"name": "base", "essential": False})
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert task["stopCode"] == "EssentialContainerExited"


async def test_a_dependency_that_stops_before_it_is_healthy_stops_the_task(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=1), lambda container: container.labels["lamplighter.container"] == "base")
    definition = fargate_definition(depends("HEALTHY"), {"name": "base", "essential": False, "healthCheck": CHECK})
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].endswith("as dependency stopped before it was healthy.")


async def test_a_task_goes_on_without_a_container_that_is_not_essential_and_cannot_start(harness: EcsHarness) -> None:
    fault = "CannotStartContainerError: no such program"
    harness.runtime.script(Script(after=None))
    harness.runtime.script(
        Script(failure=CannotStart(fault)), lambda container: container.labels["lamplighter.container"] == "side"
    )
    definition = fargate_definition({"name": "job"}, {"name": "side", "essential": False})
    arn = await harness.register_and_run_task(definition=definition)
    task = await harness.wait_for_status(arn, "RUNNING")
    assert [(each["name"], each["lastStatus"], each.get("reason")) for each in task["containers"]] == [
        ("job", "RUNNING", None),
        ("side", "STOPPED", fault),
    ]
    await harness.restart()
    harness.runtime.finish(harness.container_name(arn), 0)
    task = await harness.wait_for_end(arn)
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 0)


async def test_a_container_whose_dependency_never_starts_does_not_start(harness: EcsHarness) -> None:
    harness.runtime.script(
        Script(failure=CannotStart("CannotStartContainerError: no such program")),
        lambda container: container.labels["lamplighter.container"] == "base",
    )
    definition = fargate_definition(depends("COMPLETE"), {"name": "base", "essential": False})
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].endswith("because dependency will never start")
