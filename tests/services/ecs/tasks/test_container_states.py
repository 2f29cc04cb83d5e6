"""Tasks with several containers: their order, their dependencies, and which container stops which."""

from lamplighter.runs.failures.failure_reasons import ESSENTIAL_CONTAINER_EXITED
from lamplighter.runtime.port import ContainerSpec
from tests.fake_runtime import Script
from tests.services.ecs.ecs_harness import EcsHarness, fargate_definition


def has_name(name: str) -> "NameMatcher":
    return NameMatcher(name)


class NameMatcher:
    """A predicate that is true for the container with this name in its task."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, container: ContainerSpec) -> bool:
        return container.labels["lamplighter.container"] == self.name


def exit_codes(task: dict[str, object]) -> dict[str, int | None]:
    found = task["containers"]
    assert isinstance(found, list)
    return {container["name"]: container.get("exitCode") for container in found}


async def test_the_exit_of_an_essential_container_stops_the_others(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.runtime.script(Script(after=None, stop_code=0), has_name("side"))
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job"}, {"name": "side"}))
    await harness.wait_for_status(arn, "RUNNING")
    harness.runtime.finish(harness.container_name(arn), 5)
    task = await harness.wait_for_end(arn)
    assert exit_codes(task) == {"job": 5, "side": 0}
    assert task["stoppedReason"] == "Essential container in task exited"


async def run_task_whose_side_container_exits(harness: EcsHarness) -> str:
    """Run a task until its container `side`, which is not essential, has exited with 9; return the task's ARN."""
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task(
        definition=fargate_definition({"name": "job"}, {"name": "side", "essential": False})
    )
    await harness.wait_for_status(arn, "RUNNING")
    harness.runtime.finish(harness.container_name(arn, "side"), 9)
    await harness.wait_until(lambda: harness.events[-1].detail["containers"][1].get("exitCode") == 9)
    return arn


async def test_the_exit_of_a_container_that_is_not_essential_stops_no_other(harness: EcsHarness) -> None:
    arn = await run_task_whose_side_container_exits(harness)
    assert (await harness.describe_task(arn))["lastStatus"] == "RUNNING"
    harness.runtime.finish(harness.container_name(arn), 0)
    task = await harness.wait_for_end(arn)
    assert exit_codes(task) == {"job": 0, "side": 9}
    versions = [version for _, version in harness.statuses()]
    assert versions == list(range(1, len(versions) + 1))


async def test_a_recorded_exit_code_survives_a_restart(harness: EcsHarness) -> None:
    arn = await run_task_whose_side_container_exits(harness)
    await harness.restart()
    harness.runtime.finish(harness.container_name(arn), 0)
    assert exit_codes(await harness.wait_for_end(arn)) == {"job": 0, "side": 9}


async def test_a_container_whose_essential_neighbour_ends_first_neither_starts_nor_fails(harness: EcsHarness) -> None:
    definition = fargate_definition({"name": "job"}, {"name": "side", "essential": False})
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert (task["stopCode"], task["stoppedReason"]) == ("EssentialContainerExited", ESSENTIAL_CONTAINER_EXITED)
    assert exit_codes(task) == {"job": 0, "side": None}


async def test_a_container_whose_other_neighbour_ends_first_starts(harness: EcsHarness) -> None:
    definition = fargate_definition({"name": "first", "essential": False}, {"name": "job"})
    harness.runtime.script(Script(code=3), has_name("job"))
    task = await harness.wait_for_end(await harness.register_and_run_task(definition=definition))
    assert task["stopCode"] == "EssentialContainerExited"
    assert exit_codes(task) == {"first": 0, "job": 3}


async def test_a_container_waits_for_its_dependencies(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    arn = await harness.register_and_run_task(definition=fargate_definition(job, {"name": "init", "essential": False}))
    await harness.wait_until(lambda: harness.runtime.count("run", harness.container_name(arn, "init")) == 1)
    assert harness.runtime.count("run", harness.container_name(arn)) == 0
    assert (await harness.describe_task(arn))["lastStatus"] == "PENDING"
    harness.runtime.finish(harness.container_name(arn, "init"), 0)
    await harness.wait_for_status(arn, "RUNNING")
    harness.runtime.finish(harness.container_name(arn), 0)
    assert exit_codes(await harness.wait_for_end(arn)) == {"job": 0, "init": 0}


async def test_a_failed_dependency_fails_the_start_of_the_task(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=1), has_name("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    task = await harness.wait_for_end(
        await harness.register_and_run_task(definition=fargate_definition(job, {"name": "init", "essential": False}))
    )
    assert (task["stopCode"], task["stoppedReason"]) == (
        "TaskFailedToStart",
        (
            "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency "
            "[init(busybox) (STOPPED->RUNNING) - Exit: 1] for target [job(busybox) (NONE->RUNNING)] "
            "as dependency did not exit successfully."
        ),
    )
    assert exit_codes(task) == {"job": 143, "init": 1}
    assert harness.runtime.count("run", harness.container_name(task["taskArn"])) == 0


async def test_any_exit_code_meets_the_condition_complete(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=1), has_name("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    task = await harness.wait_for_end(
        await harness.register_and_run_task(definition=fargate_definition(job, {"name": "init", "essential": False}))
    )
    assert task["stopCode"] == "EssentialContainerExited"
    assert exit_codes(task) == {"job": 0, "init": 1}


async def test_a_container_that_still_waits_is_not_started_after_a_stop(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    arn = await harness.register_and_run_task(definition=fargate_definition(job, {"name": "init", "essential": False}))
    await harness.wait_until(lambda: harness.runtime.count("run", harness.container_name(arn, "init")) == 1)
    await harness.ecs_call("StopTask", task=arn)
    task = await harness.wait_for_end(arn)
    assert exit_codes(task) == {"job": None, "init": 143}
    assert harness.runtime.count("run", harness.container_name(arn)) == 0


async def test_containers_stop_before_their_dependencies(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "base", "condition": "START"}]}
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "base"}, job))
    await harness.wait_for_status(arn, "RUNNING")
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)
    stops = [name for operation, name in harness.runtime.calls if operation == "stop"]
    assert stops == [harness.container_name(arn, each) for each in ("job", "base", "internal.pause")]
