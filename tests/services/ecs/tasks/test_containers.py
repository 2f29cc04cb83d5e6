"""Tasks of several containers: order, dependencies, and who ends whom."""

from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import ContainerSpec
from tests.services.ecs.ecs_harness import EcsHarness, containers


def called(name: str) -> "Named":
    return Named(name)


class Named:
    """Whether a container has this name in its task."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, container: ContainerSpec) -> bool:
        return container.labels["lamplighter.container"] == self.name


def exits(task: dict[str, object]) -> dict[str, int | None]:
    found = task["containers"]
    assert isinstance(found, list)
    return {container["name"]: container.get("exitCode") for container in found}


async def test_the_exit_of_an_essential_container_stops_the_others(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.runtime.script(Script(after=None, stop_code=0), called("side"))
    arn = await harness.start(definition=containers({"name": "job"}, {"name": "side"}))
    await harness.reaches(arn, "RUNNING")
    harness.runtime.finish(harness.name(arn), 5)
    task = await harness.ends(arn)
    assert exits(task) == {"job": 5, "side": 0}
    assert task["stoppedReason"] == "Essential container in task exited"


async def test_a_container_that_is_not_essential_may_end_by_itself(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.start(definition=containers({"name": "job"}, {"name": "side", "essential": False}))
    await harness.reaches(arn, "RUNNING")
    harness.runtime.finish(harness.name(arn, "side"), 9)
    await harness.until(lambda: harness.events[-1].detail["containers"][1].get("exitCode") == 9)
    assert (await harness.describe(arn))["lastStatus"] == "RUNNING"
    harness.runtime.finish(harness.name(arn), 0)
    task = await harness.ends(arn)
    assert exits(task) == {"job": 0, "side": 9}
    versions = [version for _, version in harness.statuses()]
    assert versions == list(range(1, len(versions) + 1))


async def test_an_exit_that_was_recorded_is_known_after_a_restart(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.start(definition=containers({"name": "job"}, {"name": "side", "essential": False}))
    await harness.reaches(arn, "RUNNING")
    harness.runtime.finish(harness.name(arn, "side"), 9)
    await harness.until(lambda: harness.events[-1].detail["containers"][1].get("exitCode") == 9)
    await harness.restart()
    harness.runtime.finish(harness.name(arn), 0)
    assert exits(await harness.ends(arn)) == {"job": 0, "side": 9}


async def test_containers_of_an_awsvpc_task_share_the_network_of_the_first(harness: EcsHarness) -> None:
    seen: dict[str, str | None] = {}

    def see(container: ContainerSpec) -> bool:
        seen[container.labels["lamplighter.container"]] = container.network
        return True

    harness.runtime.script(Script(after=None), see)
    arn = await harness.start(definition=containers({"name": "job"}, {"name": "side"}))
    await harness.reaches(arn, "RUNNING")
    assert seen == {"job": None, "side": harness.name(arn)}
    await harness.ecs_call("StopTask", task=arn)
    await harness.ends(arn)


async def test_a_container_waits_for_those_it_depends_on(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    arn = await harness.start(definition=containers(job, {"name": "init", "essential": False}))
    await harness.until(lambda: harness.runtime.count("run", harness.name(arn, "init")) == 1)
    assert harness.runtime.count("run", harness.name(arn)) == 0
    assert (await harness.describe(arn))["lastStatus"] == "PENDING"
    harness.runtime.finish(harness.name(arn, "init"), 0)
    await harness.reaches(arn, "RUNNING")
    harness.runtime.finish(harness.name(arn), 0)
    assert exits(await harness.ends(arn)) == {"job": 0, "init": 0}


async def test_a_dependency_that_fails_fails_the_start(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=1), called("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    task = await harness.ends(await harness.start(definition=containers(job, {"name": "init", "essential": False})))
    assert task["stopCode"] == "TaskFailedToStart"
    assert exits(task) == {"job": None, "init": 1}
    assert harness.runtime.count("run", harness.name(task["taskArn"])) == 0


async def test_complete_is_met_by_any_exit(harness: EcsHarness) -> None:
    harness.runtime.script(Script(code=1), called("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    task = await harness.ends(await harness.start(definition=containers(job, {"name": "init", "essential": False})))
    assert task["stopCode"] == "EssentialContainerExited"
    assert exits(task) == {"job": 0, "init": 1}


async def test_a_stop_while_a_container_waits_does_not_begin_it(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    arn = await harness.start(definition=containers(job, {"name": "init", "essential": False}))
    await harness.until(lambda: harness.runtime.count("run", harness.name(arn, "init")) == 1)
    await harness.ecs_call("StopTask", task=arn)
    task = await harness.ends(arn)
    assert exits(task) == {"job": None, "init": 143}
    assert harness.runtime.count("run", harness.name(arn)) == 0


async def test_containers_stop_before_those_they_depend_on(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "base", "condition": "START"}]}
    arn = await harness.start(definition=containers({"name": "base"}, job))
    await harness.reaches(arn, "RUNNING")
    await harness.ecs_call("StopTask", task=arn)
    await harness.ends(arn)
    stops = [name for operation, name in harness.runtime.calls if operation == "stop"]
    assert stops == [harness.name(arn), harness.name(arn, "base")]
