"""A container with a restart policy is restarted within its task."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import CannotStart, ContainerExit
from lamplighter.services.ecs.tasks.containers.container_restarts import allows_restart, restart_policy
from tests.fake_runtime import Script
from tests.output_lines import read_output
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition

POLICY = {"enabled": True, "restartAttemptPeriod": 60}


@pytest.mark.parametrize(
    ("given", "code", "seconds", "expected"),
    [
        (None, 1, 1000, False),
        ({"enabled": False}, 1, 1000, False),
        ({"enabled": True}, 1, 299, False),
        ({"enabled": True}, 1, 300, True),
        ({"enabled": True}, 0, 300, True),
        ({"enabled": True, "ignoredExitCodes": [0]}, 0, 300, False),
        (POLICY, 1, 59, False),
        (POLICY, 1, 60, True),
    ],
)
def test_a_run_must_last_for_the_period_and_end_with_another_code(
    given: Json, code: int, seconds: int, expected: bool
) -> None:
    policy = restart_policy({"restartPolicy": given})
    assert allows_restart(policy, ContainerExit(code, 1000 + seconds * 1000, None, 1000)) is expected


async def run(harness: EcsHarness, **fields: Json) -> tuple[str, str]:
    """Run a task with a sidecar that may be restarted; return its ARN and the name of the sidecar."""
    harness.runtime.script(Script(after=None))
    side = {"name": "side", "essential": False, "restartPolicy": POLICY, **fields}
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job"}, side))
    await harness.wait_for_status(arn, "RUNNING")
    return arn, harness.container_name(arn, "side")


async def test_a_sidecar_is_restarted_as_often_as_it_has_run_long_enough(harness: EcsHarness) -> None:
    arn, side = await run(harness)
    version = (await harness.describe_task(arn))["version"]
    for number in (2, 3):
        harness.clock.advance(60_000)
        harness.runtime.finish(side, 1)
        await harness.wait_until(lambda: harness.runtime.count("run", side) == number)  # noqa: B023
    task = await harness.describe_task(arn)
    assert (task["lastStatus"], task["version"]) == ("RUNNING", version)
    assert [each["lastStatus"] for each in task["containers"]] == ["RUNNING", "RUNNING"]
    harness.clock.advance(59_000)
    harness.runtime.finish(side, 9)
    harness.runtime.finish(harness.container_name(arn), 0)
    task = await harness.wait_for_end(arn)
    assert {each["name"]: each["exitCode"] for each in task["containers"]} == {"job": 0, "side": 9}
    assert harness.runtime.count("run", side) == 3


async def test_the_output_of_all_runs_is_stored_once_and_in_order(harness: EcsHarness) -> None:
    arn, side = await run(harness)
    harness.runtime.write(side, "first run")
    harness.clock.advance(60_000)
    harness.runtime.finish(side, 1)
    await harness.wait_until(lambda: harness.runtime.count("run", side) == 2)
    harness.runtime.write(side, "second run")
    harness.runtime.finish(side, 0)
    harness.runtime.finish(harness.container_name(arn), 0)
    await harness.wait_for_end(arn)
    lines = read_output(harness.ecs.outputs, arn.rpartition("/")[2], "side")
    assert [line.text for line in lines] == ["first run", "second run"]


async def test_an_essential_container_that_is_restarted_does_not_end_its_task(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job", "restartPolicy": POLICY}))
    await harness.wait_for_status(arn, "RUNNING")
    name = harness.container_name(arn)
    harness.clock.advance(60_000)
    harness.runtime.finish(name, 1)
    await harness.wait_until(lambda: harness.runtime.count("run", name) == 2)
    assert (await harness.describe_task(arn))["lastStatus"] == "RUNNING"
    harness.runtime.finish(name, 4)
    task = await harness.wait_for_end(arn)
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 4)


async def test_the_next_engine_restarts_a_container_that_ended_while_no_engine_ran(harness: EcsHarness) -> None:
    arn, side = await run(harness)
    harness.kill_engine()
    harness.clock.advance(60_000)
    harness.runtime.finish(side, 1)
    await harness.restart()
    await harness.wait_until(lambda: harness.runtime.count("run", side) == 2)
    harness.runtime.finish(harness.container_name(arn), 0)
    await harness.wait_for_end(arn)
    assert harness.runtime.count("run", side) == 2


async def test_a_stopped_task_restarts_nothing(harness: EcsHarness) -> None:
    arn, side = await run(harness)
    harness.clock.advance(60_000)
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)
    assert harness.runtime.count("run", side) == 1


async def test_a_restart_that_fails_leaves_the_container_stopped(harness: EcsHarness) -> None:
    arn, side = await run(harness)
    harness.runtime.script(Script(failure=CannotStart("CannotStartContainerError: gone")))
    harness.clock.advance(60_000)
    harness.runtime.finish(side, 7)
    await harness.wait_until(lambda: harness.runtime.count("restart", side) == 1)
    harness.runtime.finish(harness.container_name(arn), 0)
    task = await harness.wait_for_end(arn)
    assert {each["name"]: each["exitCode"] for each in task["containers"]} == {"job": 0, "side": 7}
