"""Tasks of several containers: order, dependencies, and who ends whom."""

from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import Container
from tests.services.ecs.rig import Rig, containers


def called(name: str) -> "Named":
    return Named(name)


class Named:
    """Whether a container has this name in its task."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, container: Container) -> bool:
        return container.labels["lamplighter.container"] == self.name


def exits(task: dict[str, object]) -> dict[str, int | None]:
    found = task["containers"]
    assert isinstance(found, list)
    return {container["name"]: container.get("exitCode") for container in found}


async def test_the_exit_of_an_essential_container_stops_the_others(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    rig.runtime.script(Script(after=None, stop_code=0), called("side"))
    arn = await rig.start(definition=containers({"name": "job"}, {"name": "side"}))
    await rig.reaches(arn, "RUNNING")
    rig.runtime.finish(rig.name(arn), 5)
    task = await rig.ends(arn)
    assert exits(task) == {"job": 5, "side": 0}
    assert task["stoppedReason"] == "Essential container in task exited"


async def test_a_container_that_is_not_essential_may_end_by_itself(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    arn = await rig.start(definition=containers({"name": "job"}, {"name": "side", "essential": False}))
    await rig.reaches(arn, "RUNNING")
    rig.runtime.finish(rig.name(arn, "side"), 9)
    await rig.until(lambda: rig.events[-1].detail["containers"][1].get("exitCode") == 9)
    assert (await rig.describe(arn))["lastStatus"] == "RUNNING"
    rig.runtime.finish(rig.name(arn), 0)
    task = await rig.ends(arn)
    assert exits(task) == {"job": 0, "side": 9}
    versions = [version for _, version in rig.statuses()]
    assert versions == list(range(1, len(versions) + 1))


async def test_an_exit_that_was_recorded_is_known_after_a_restart(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    arn = await rig.start(definition=containers({"name": "job"}, {"name": "side", "essential": False}))
    await rig.reaches(arn, "RUNNING")
    rig.runtime.finish(rig.name(arn, "side"), 9)
    await rig.until(lambda: rig.events[-1].detail["containers"][1].get("exitCode") == 9)
    await rig.restart()
    rig.runtime.finish(rig.name(arn), 0)
    assert exits(await rig.ends(arn)) == {"job": 0, "side": 9}


async def test_containers_of_an_awsvpc_task_share_the_network_of_the_first(rig: Rig) -> None:
    seen: dict[str, str | None] = {}

    def see(container: Container) -> bool:
        seen[container.labels["lamplighter.container"]] = container.network
        return True

    rig.runtime.script(Script(after=None), see)
    arn = await rig.start(definition=containers({"name": "job"}, {"name": "side"}))
    await rig.reaches(arn, "RUNNING")
    assert seen == {"job": None, "side": rig.name(arn)}
    await rig.call("StopTask", task=arn)
    await rig.ends(arn)


async def test_a_container_waits_for_those_it_depends_on(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    arn = await rig.start(definition=containers(job, {"name": "init", "essential": False}))
    await rig.until(lambda: rig.runtime.count("run", rig.name(arn, "init")) == 1)
    assert rig.runtime.count("run", rig.name(arn)) == 0
    assert (await rig.describe(arn))["lastStatus"] == "PENDING"
    rig.runtime.finish(rig.name(arn, "init"), 0)
    await rig.reaches(arn, "RUNNING")
    rig.runtime.finish(rig.name(arn), 0)
    assert exits(await rig.ends(arn)) == {"job": 0, "init": 0}


async def test_a_dependency_that_fails_fails_the_start(rig: Rig) -> None:
    rig.runtime.script(Script(code=1), called("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    task = await rig.ends(await rig.start(definition=containers(job, {"name": "init", "essential": False})))
    assert task["stopCode"] == "TaskFailedToStart"
    assert exits(task) == {"job": None, "init": 1}
    assert rig.runtime.count("run", rig.name(task["taskArn"])) == 0


async def test_complete_is_met_by_any_exit(rig: Rig) -> None:
    rig.runtime.script(Script(code=1), called("init"))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    task = await rig.ends(await rig.start(definition=containers(job, {"name": "init", "essential": False})))
    assert task["stopCode"] == "EssentialContainerExited"
    assert exits(task) == {"job": 0, "init": 1}


async def test_a_stop_while_a_container_waits_does_not_begin_it(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "init", "condition": "COMPLETE"}]}
    arn = await rig.start(definition=containers(job, {"name": "init", "essential": False}))
    await rig.until(lambda: rig.runtime.count("run", rig.name(arn, "init")) == 1)
    await rig.call("StopTask", task=arn)
    task = await rig.ends(arn)
    assert exits(task) == {"job": None, "init": 143}
    assert rig.runtime.count("run", rig.name(arn)) == 0


async def test_containers_stop_before_those_they_depend_on(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    job = {"name": "job", "dependsOn": [{"containerName": "base", "condition": "START"}]}
    arn = await rig.start(definition=containers({"name": "base"}, job))
    await rig.reaches(arn, "RUNNING")
    await rig.call("StopTask", task=arn)
    await rig.ends(arn)
    stops = [name for operation, name in rig.runtime.calls if operation == "stop"]
    assert stops == [rig.name(arn), rig.name(arn, "base")]
