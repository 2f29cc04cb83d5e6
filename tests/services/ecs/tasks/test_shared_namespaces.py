"""The containers of a task share the namespaces of its pause container, which lives as long as the task."""

import asyncio

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import CannotStart, ContainerSpec
from tests.fake_runtime import FakeRuntime, Script
from tests.services.ecs.ecs_harness import FARGATE, EcsHarness, fargate_definition

POLICY = {"enabled": True, "restartAttemptPeriod": 60}
TWO = ({"name": "job"}, {"name": "side", "essential": False, "restartPolicy": POLICY})


def record_containers(harness: EcsHarness) -> dict[str, ContainerSpec]:
    """Let containers run until they are stopped, and return where each of them will be found by its name."""
    seen: dict[str, ContainerSpec] = {}

    def record(container: ContainerSpec) -> bool:
        seen[container.labels["lamplighter.container"]] = container
        return True

    harness.runtime.script(Script(after=None), record)
    return seen


def pause_name(harness: EcsHarness, arn: str) -> str:
    return harness.container_name(arn, "internal.pause")


async def stop_task(harness: EcsHarness, arn: str) -> None:
    await harness.ecs_call("StopTask", task=arn)
    await harness.wait_for_end(arn)
    assert await harness.runtime.names() == frozenset()


async def test_the_containers_of_an_awsvpc_task_share_the_network_of_its_pause_container(harness: EcsHarness) -> None:
    seen = record_containers(harness)
    arn = await harness.register_and_run_task(definition=fargate_definition(*TWO))
    task = await harness.wait_for_status(arn, "RUNNING")
    pause = pause_name(harness, arn)
    assert {name: each.network for name, each in seen.items()} == {"job": pause, "side": pause}
    assert harness.runtime.count("start pause", pause) == 1
    assert [each["name"] for each in task["containers"]] == ["job", "side"]
    await stop_task(harness, arn)


@pytest.mark.parametrize(
    ("containers", "fields", "expected"),
    [
        (({"name": "job"},), {}, False),
        (({"name": "job", "restartPolicy": POLICY},), {}, True),
        (({"name": "job"},), {"pidMode": "task"}, False),
        (({"name": "job"}, {"name": "process", "image": ""}), {}, False),
    ],
)
async def test_a_task_with_one_container_that_is_not_restarted_has_no_pause_container(
    harness: EcsHarness, containers: tuple[Json, ...], fields: Json, expected: bool
) -> None:
    seen = record_containers(harness)
    arn = await harness.register_and_run_task(definition=fargate_definition(*containers) | fields)
    await harness.wait_for_status(arn, "RUNNING")
    assert harness.runtime.count("start pause", pause_name(harness, arn)) == int(expected)
    assert (seen["job"].network, seen["job"].pid_mode) == (pause_name(harness, arn) if expected else None, None)
    await stop_task(harness, arn)


async def test_containers_share_processes_and_memory_without_sharing_a_network(harness: EcsHarness) -> None:
    pauses = record_pauses(harness)
    seen = record_containers(harness)
    containers = [
        {"name": name, "image": "busybox", "memory": 64, "linuxParameters": {"sharedMemorySize": size}}
        for name, size in (("job", 64), ("side", 128))
    ]
    definition = {"family": "night", "pidMode": "task", "ipcMode": "task", "containerDefinitions": containers}
    await harness.ecs_call("RegisterTaskDefinition", **definition)
    arn = (await harness.ecs_call("RunTask", taskDefinition="night"))["tasks"][0]["taskArn"]
    await harness.wait_for_status(arn, "RUNNING")
    name = pause_name(harness, arn)
    assert {(each.network, each.pid_mode, each.ipc_mode) for each in seen.values()} == {(None, name, name)}
    (pause,) = pauses
    assert (pause.docker_network, pause.ipc_mode, pause.shared_memory) == ("none", "shareable", 128)
    await stop_task(harness, arn)


def record_pauses(harness: EcsHarness) -> list[ContainerSpec]:
    """Return where the pause containers that start from now on will be found."""
    seen: list[ContainerSpec] = []

    class RecordingRuntime(FakeRuntime):
        async def start_pause_container(self, container: ContainerSpec) -> None:
            seen.append(container)
            await super().start_pause_container(container)

    harness.runtime.__class__ = RecordingRuntime
    return seen


async def test_the_pause_container_has_the_network_and_the_hosts_of_all_containers(harness: EcsHarness) -> None:
    pauses = record_pauses(harness)
    record_containers(harness)
    containers = [
        {"name": "job", "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}]},
        {
            "name": "side",
            "dockerLabels": {"lamplighter.network": "backend"},
            "extraHosts": [{"hostname": host, "ipAddress": "10.0.0.2"} for host in ("db", "cache")],
        },
    ]
    arn = await harness.register_and_run_task(definition=fargate_definition(*containers))
    await harness.wait_for_status(arn, "RUNNING")
    (pause,) = pauses
    assert (pause.docker_network, pause.extra_hosts) == ("backend", {"db": "10.0.0.1", "cache": "10.0.0.2"})
    await stop_task(harness, arn)


async def test_any_container_is_restarted_while_the_others_run(harness: EcsHarness) -> None:
    record_containers(harness)
    first = {"name": "side", "essential": False, "restartPolicy": POLICY}
    arn = await harness.register_and_run_task(definition=fargate_definition(first, {"name": "job"}))
    await harness.wait_for_status(arn, "RUNNING")
    harness.clock.advance(60_000)
    side = harness.container_name(arn, "side")
    harness.runtime.finish(side, 1)
    await harness.wait_until(lambda: harness.runtime.count("run", side) == 2)
    assert harness.runtime.count("start pause", pause_name(harness, arn)) == 1
    await stop_task(harness, arn)


async def test_a_pause_container_that_ended_runs_again_before_a_container_is_restarted(harness: EcsHarness) -> None:
    """Docker ends it with all others when the machine restarts."""
    record_containers(harness)
    definition = fargate_definition({"name": "job", "restartPolicy": POLICY}, TWO[1])
    arn = await harness.register_and_run_task(definition=definition)
    await harness.wait_for_status(arn, "RUNNING")
    harness.kill_engine()
    harness.clock.advance(60_000)
    for name in await harness.runtime.names():
        harness.runtime.finish(name, 137)
    await harness.restart()
    names = [harness.container_name(arn, each) for each in ("job", "side")]
    await harness.wait_until(lambda: all(harness.runtime.count("run", each) == 2 for each in names))
    assert harness.runtime._is_running(pause_name(harness, arn))
    await stop_task(harness, arn)


async def test_a_pause_container_that_cannot_start_is_why_the_task_fails(harness: EcsHarness) -> None:
    class FailingRuntime(FakeRuntime):
        async def start_pause_container(self, container: ContainerSpec) -> None:
            raise CannotStart("CannotStartContainerError: no network")

    harness.runtime.__class__ = FailingRuntime
    arn = await harness.register_and_run_task(definition=fargate_definition(*TWO))
    task = await harness.wait_for_end(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "CannotStartContainerError: no network")


async def test_a_pause_container_that_ends_at_once_is_not_started_for_ever(harness: EcsHarness) -> None:
    class EndingRuntime(FakeRuntime):
        async def start_pause_container(self, container: ContainerSpec) -> None:
            await super().start_pause_container(container)
            self.finish(container.name, 1)

    harness.runtime.__class__ = EndingRuntime
    arn = await harness.register_and_run_task(definition=fargate_definition(*TWO))
    task = await harness.wait_for_end(arn)
    reason = f"CannotStartContainerError: {pause_name(harness, arn)} has ended"
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert harness.runtime.count("start pause", pause_name(harness, arn)) == 2


@pytest.mark.parametrize("before", [True, False])
async def test_the_next_engine_finds_the_pause_container_of_a_killed_one(harness: EcsHarness, before: bool) -> None:
    killed = asyncio.Event()

    class KillingRuntime(FakeRuntime):
        async def start_pause_container(self, container: ContainerSpec) -> None:
            if killed.is_set() or not before:
                await super().start_pause_container(container)
            if not killed.is_set():
                killed.set()
                harness.kill_engine()
                await asyncio.Event().wait()  # the engine never learns the answer

    seen = record_containers(harness)
    harness.runtime.__class__ = KillingRuntime
    arn = await harness.register_and_run_task(definition=fargate_definition(*TWO))
    await killed.wait()
    await harness.restart()
    await harness.wait_for_status(arn, "RUNNING")
    assert {each.network for each in seen.values()} == {pause_name(harness, arn)}
    await stop_task(harness, arn)


async def test_a_pause_container_that_outlived_its_task_is_removed_at_the_start(harness: EcsHarness) -> None:
    arn = await harness.register_and_run_task(definition=FARGATE)
    await harness.wait_for_end(arn)
    await harness.runtime.start_pause_container(ContainerSpec(name=pause_name(harness, arn)))
    await harness.restart()
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    assert await harness.runtime.names() == frozenset()
