"""What is left when the engine is killed, at any commit and at any call of the runtime, is taken up and ended right."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import FakeRuntime, Script
from lamplighter.runtime.port import ContainerExit, ContainerSpec, StartedContainer
from lamplighter.store import outbox
from tests.services.ecs.ecs_harness import FARGATE, EcsHarness, containers


class Deadly(FakeRuntime):
    """Kills the engine around its n-th call: what was asked for may happen, or not, but nobody hears of it."""

    def arm(self, harness: EcsHarness, call: int, *, before: bool) -> None:
        self.harness, self.call, self.before = harness, call, before
        self.calls_made = 0
        self.killed = False

    async def _around(self, work: Callable[[], Awaitable[Json]]) -> Json:
        self.calls_made += 1
        mine = self.calls_made == self.call
        if mine and self.before:
            self._kill()
        result = await work()
        if mine and not self.before:
            self._kill()
        return result

    def _kill(self) -> None:
        self.killed = True
        self.harness.die()

    async def start(self, container: ContainerSpec) -> StartedContainer:
        answer: StartedContainer = await self._around(lambda: super(Deadly, self).start(container))
        return answer

    async def wait(self, name: str) -> ContainerExit:
        answer: ContainerExit = await self._around(lambda: super(Deadly, self).wait(name))
        return answer

    async def stop(self, name: str, grace: float) -> None:
        await self._around(lambda: super(Deadly, self).stop(name, grace))

    async def remove(self, name: str) -> None:
        await self._around(lambda: super(Deadly, self).remove(name))


def check(harness: EcsHarness, task: Json, exit_code: int) -> None:
    arn = task["taskArn"]
    assert harness.runtime.count("run", harness.name(arn)) == 1
    assert task["containers"][0]["exitCode"] == exit_code
    versions = [event.detail["version"] for event in harness.events]
    assert versions == sorted(set(versions))
    assert outbox.count_pending(harness.store.reader) == 0
    assert harness.runtime._runs == {}


@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_killed_after_any_commit_the_container_has_run_once(harness: EcsHarness, commit: int) -> None:
    harness.runtime.script(Script(lines=(("stdout", "hello"),)))
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    harness.crash_at = harness.commits + commit
    arn = await harness.run()
    await harness.until(lambda: harness.crash_at is None or not harness.ecs._supervisors)
    await harness.restart()
    task = await harness.ends(arn)
    await harness.until(lambda: not harness.ecs._running)
    check(harness, task, 0)
    assert (task["stopCode"], task["version"]) == ("EssentialContainerExited", 5)
    assert [line.text for line in harness.ecs.outputs.read(arn.rpartition("/")[2], "job")] == ["hello"]


@pytest.mark.parametrize("commit", [1, 2, 3, 4])
async def test_killed_after_any_commit_of_a_stop_the_task_is_stopped(harness: EcsHarness, commit: int) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.start()
    await harness.reaches(arn, "RUNNING")
    await harness.until(lambda: not harness.store._busy)
    harness.crash_at = harness.commits + commit
    await harness.ecs_call("StopTask", task=arn, reason="enough")
    await harness.until(lambda: harness.crash_at is None or not harness.ecs._supervisors)
    await harness.restart()
    task = await harness.ends(arn)
    await harness.until(lambda: not harness.ecs._running)
    check(harness, task, 143)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", [1, 2, 3])
async def test_killed_around_any_call_of_the_runtime_the_container_has_run_once(
    tmp_path: Path, call: int, before: bool
) -> None:
    harness = EcsHarness(tmp_path)
    harness.runtime = deadly = Deadly(harness.clock.now)
    deadly.script(Script(code=3))
    deadly.arm(harness, call, before=before)
    harness.build()
    arn = await harness.start()
    await harness.until(lambda: deadly.killed)
    await harness.restart()
    task = await harness.ends(arn)
    await harness.until(lambda: not harness.ecs._running)
    check(harness, task, 3)
    await harness.ecs.stop()
    await harness.store.close()


async def test_a_running_container_is_adopted_and_its_output_is_not_doubled(harness: EcsHarness) -> None:
    harness.runtime.script(Script(lines=(("stdout", "one"),), after=None))
    arn = await harness.start()
    name, task_id = harness.name(arn), arn.rpartition("/")[2]
    await harness.reaches(arn, "RUNNING")
    await harness.until(lambda: bool(list(harness.ecs.outputs.read(task_id, "job"))))
    await harness.restart()
    harness.runtime.write(name, "two")
    harness.runtime.finish(name, 4)
    task = await harness.ends(arn)
    check(harness, task, 4)
    assert harness.runtime.count("start", name) == 1
    assert [line.text for line in harness.ecs.outputs.read(task_id, "job")] == ["one", "two"]


async def test_a_container_that_vanished_while_it_ran_is_not_run_again(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.start()
    await harness.reaches(arn, "RUNNING")
    harness.die()
    harness.runtime._runs.clear()
    await harness.restart()
    task = await harness.ends(arn)
    assert harness.runtime.count("run", harness.name(arn)) == 1
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == "there is no such container"


async def test_a_secret_that_is_gone_at_the_restart_does_not_orphan_what_runs(harness: EcsHarness) -> None:
    harness.secrets["ssm:db"] = "open sesame"
    harness.runtime.script(Script(after=None))
    secret = {"name": "PASSWORD", "valueFrom": "db"}
    arn = await harness.start(definition=containers({"name": "job", "secrets": [secret]}))
    await harness.reaches(arn, "RUNNING")
    harness.secrets.clear()
    await harness.restart()
    harness.runtime.finish(harness.name(arn))
    check(harness, await harness.ends(arn), 0)


async def test_containers_that_belong_to_no_task_are_stopped_and_removed(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    await harness.runtime.start(ContainerSpec(name="0" * 32 + "-stray", image="busybox"))
    await harness.restart()
    await harness.until(lambda: not harness.ecs._running)
    assert harness.runtime.count("stop", "0" * 32 + "-stray") == 1
    assert await harness.runtime.names() == frozenset()


async def test_adoption_waits_for_a_runtime_that_is_away(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.start()
    await harness.reaches(arn, "RUNNING")
    harness.runtime.go_away()
    await harness.restart()
    harness.runtime.finish(harness.name(arn), 0)
    assert (await harness.describe(arn))["lastStatus"] == "RUNNING"
    harness.runtime.come_back()
    check(harness, await harness.ends(arn), 0)


async def test_an_error_nobody_thought_of_loses_no_task(harness: EcsHarness, caplog: pytest.LogCaptureFixture) -> None:
    fail = [True]

    def once(_container: ContainerSpec) -> bool:
        if fail.pop() if fail else False:
            raise OSError("nobody thought of this")
        return True

    harness.runtime.script(Script(), once)
    check(harness, await harness.ends(await harness.start()), 0)
    assert "nobody thought of this" in caplog.text
