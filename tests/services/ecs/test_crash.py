"""What is left when the engine is killed, at any commit and at any call of the runtime, is taken up and ended right."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import FakeRuntime, Script
from lamplighter.runtime.port import Container, ContainerExit, StartedContainer
from lamplighter.store import outbox
from tests.services.ecs.rig import FARGATE, Rig, containers


class Deadly(FakeRuntime):
    """Kills the engine around its n-th call: what was asked for may happen, or not, but nobody hears of it."""

    def arm(self, rig: Rig, call: int, *, before: bool) -> None:
        self.rig, self.call, self.before = rig, call, before
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
        self.rig.die()

    async def start(self, container: Container) -> StartedContainer:
        answer: StartedContainer = await self._around(lambda: super(Deadly, self).start(container))
        return answer

    async def wait(self, name: str) -> ContainerExit:
        answer: ContainerExit = await self._around(lambda: super(Deadly, self).wait(name))
        return answer

    async def stop(self, name: str, grace: float) -> None:
        await self._around(lambda: super(Deadly, self).stop(name, grace))

    async def remove(self, name: str) -> None:
        await self._around(lambda: super(Deadly, self).remove(name))


def check(rig: Rig, task: Json, exit_code: int) -> None:
    arn = task["taskArn"]
    assert rig.runtime.count("run", rig.name(arn)) == 1
    assert task["containers"][0]["exitCode"] == exit_code
    versions = [event.detail["version"] for event in rig.events]
    assert versions == sorted(set(versions))
    assert outbox.count_pending(rig.store.reader) == 0
    assert rig.runtime._runs == {}


@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_killed_after_any_commit_the_container_has_run_once(rig: Rig, commit: int) -> None:
    rig.runtime.script(Script(lines=(("stdout", "hello"),)))
    await rig.call("RegisterTaskDefinition", **FARGATE)
    rig.crash_at = rig.commits + commit
    arn = await rig.run()
    await rig.until(lambda: rig.crash_at is None or not rig.ecs._supervisors)
    await rig.restart()
    task = await rig.ends(arn)
    await rig.until(lambda: not rig.ecs._running)
    check(rig, task, 0)
    assert (task["stopCode"], task["version"]) == ("EssentialContainerExited", 5)
    assert [line.text for line in rig.ecs.outputs.read(arn.rpartition("/")[2], "job")] == ["hello"]


@pytest.mark.parametrize("commit", [1, 2, 3, 4])
async def test_killed_after_any_commit_of_a_stop_the_task_is_stopped(rig: Rig, commit: int) -> None:
    rig.runtime.script(Script(after=None))
    arn = await rig.start()
    await rig.reaches(arn, "RUNNING")
    await rig.until(lambda: not rig.store._busy)
    rig.crash_at = rig.commits + commit
    await rig.call("StopTask", task=arn, reason="enough")
    await rig.until(lambda: rig.crash_at is None or not rig.ecs._supervisors)
    await rig.restart()
    task = await rig.ends(arn)
    await rig.until(lambda: not rig.ecs._running)
    check(rig, task, 143)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", [1, 2, 3])
async def test_killed_around_any_call_of_the_runtime_the_container_has_run_once(
    tmp_path: Path, call: int, before: bool
) -> None:
    rig = Rig(tmp_path)
    rig.runtime = deadly = Deadly(rig.clock.now)
    deadly.script(Script(code=3))
    deadly.arm(rig, call, before=before)
    rig.build()
    arn = await rig.start()
    await rig.until(lambda: deadly.killed)
    await rig.restart()
    task = await rig.ends(arn)
    await rig.until(lambda: not rig.ecs._running)
    check(rig, task, 3)
    await rig.ecs.stop()
    await rig.store.close()


async def test_a_running_container_is_adopted_and_its_output_is_not_doubled(rig: Rig) -> None:
    rig.runtime.script(Script(lines=(("stdout", "one"),), after=None))
    arn = await rig.start()
    name, task_id = rig.name(arn), arn.rpartition("/")[2]
    await rig.reaches(arn, "RUNNING")
    await rig.until(lambda: bool(list(rig.ecs.outputs.read(task_id, "job"))))
    await rig.restart()
    rig.runtime.write(name, "two")
    rig.runtime.finish(name, 4)
    task = await rig.ends(arn)
    check(rig, task, 4)
    assert rig.runtime.count("start", name) == 1
    assert [line.text for line in rig.ecs.outputs.read(task_id, "job")] == ["one", "two"]


async def test_a_container_that_vanished_while_it_ran_is_not_run_again(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    arn = await rig.start()
    await rig.reaches(arn, "RUNNING")
    rig.die()
    rig.runtime._runs.clear()
    await rig.restart()
    task = await rig.ends(arn)
    assert rig.runtime.count("run", rig.name(arn)) == 1
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == "there is no such container"


async def test_a_secret_that_is_gone_at_the_restart_does_not_orphan_what_runs(rig: Rig) -> None:
    rig.secrets["ssm:db"] = "open sesame"
    rig.runtime.script(Script(after=None))
    secret = {"name": "PASSWORD", "valueFrom": "db"}
    arn = await rig.start(definition=containers({"name": "job", "secrets": [secret]}))
    await rig.reaches(arn, "RUNNING")
    rig.secrets.clear()
    await rig.restart()
    rig.runtime.finish(rig.name(arn))
    check(rig, await rig.ends(arn), 0)


async def test_containers_that_belong_to_no_task_are_stopped_and_removed(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    await rig.runtime.start(Container(name="0" * 32 + "-stray", image="busybox"))
    await rig.restart()
    await rig.until(lambda: not rig.ecs._running)
    assert rig.runtime.count("stop", "0" * 32 + "-stray") == 1
    assert await rig.runtime.names() == frozenset()


async def test_adoption_waits_for_a_runtime_that_is_away(rig: Rig) -> None:
    rig.runtime.script(Script(after=None))
    arn = await rig.start()
    await rig.reaches(arn, "RUNNING")
    rig.runtime.go_away()
    await rig.restart()
    rig.runtime.finish(rig.name(arn), 0)
    assert (await rig.describe(arn))["lastStatus"] == "RUNNING"
    rig.runtime.come_back()
    check(rig, await rig.ends(arn), 0)


async def test_an_error_nobody_thought_of_loses_no_task(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    fail = [True]

    def once(_container: Container) -> bool:
        if fail.pop() if fail else False:
            raise OSError("nobody thought of this")
        return True

    rig.runtime.script(Script(), once)
    check(rig, await rig.ends(await rig.start()), 0)
    assert "nobody thought of this" in caplog.text
