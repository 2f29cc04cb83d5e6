"""After a kill at any commit or any call of the runtime, the next engine continues each task and ends it correctly."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerExit, ContainerSpec, StartedContainer, never
from lamplighter.store import outbox
from tests.fake_runtime import FakeRuntime, Script
from tests.output_lines import read_output
from tests.services.ecs.ecs_harness import FARGATE, EcsHarness, fargate_definition

STRAY = "0" * 32 + "-stray"
"""The name of a container that belongs to no task."""


class KillingRuntime(FakeRuntime):
    """A fake runtime that kills the engine before or after its n-th call, so that the engine never gets the answer."""

    def arm(self, harness: EcsHarness, call: int, *, before: bool) -> None:
        self.harness, self.call, self.before = harness, call, before
        self.calls_made = 0
        self.killed = False

    async def _kill_around(self, work: Callable[[], Awaitable[Json]]) -> Json:
        self.calls_made += 1
        selected = self.calls_made == self.call
        if selected and self.before:
            self._kill()
        result = await work()
        if selected and not self.before:
            self._kill()
        return result

    def _kill(self) -> None:
        self.killed = True
        self.harness.kill_engine()

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        begin = super().start
        answer: StartedContainer = await self._kill_around(lambda: begin(container, is_called_off))
        return answer

    async def wait(self, name: str) -> ContainerExit:
        answer: ContainerExit = await self._kill_around(lambda: super(KillingRuntime, self).wait(name))
        return answer

    async def stop(self, name: str, grace: float) -> None:
        await self._kill_around(lambda: super(KillingRuntime, self).stop(name, grace))

    async def remove(self, name: str) -> None:
        await self._kill_around(lambda: super(KillingRuntime, self).remove(name))


def check_task_ran_once(harness: EcsHarness, task: Json, exit_code: int) -> None:
    arn = task["taskArn"]
    assert harness.runtime.count("run", harness.container_name(arn)) == 1
    assert task["containers"][0]["exitCode"] == exit_code
    versions = [event.detail["version"] for event in harness.events]
    assert versions == sorted(set(versions))
    assert outbox.count_pending(harness.store.reader) == 0
    assert harness.runtime._runs == {}


@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_a_container_runs_once_if_the_engine_is_killed_after_any_commit(harness: EcsHarness, commit: int) -> None:
    harness.runtime.script(Script(lines=(("stdout", "hello"),)))
    await harness.ecs_call("RegisterTaskDefinition", **FARGATE)
    harness.crash_at = harness.commits + commit
    arn = await harness.run_task()
    await harness.wait_until(lambda: harness.crash_at is None or not harness.ecs.supervisors.by_task)
    await harness.restart()
    task = await harness.wait_for_end(arn)
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    check_task_ran_once(harness, task, 0)
    assert (task["stopCode"], task["version"]) == ("EssentialContainerExited", 5)
    assert [line.text for line in read_output(harness.ecs.outputs, arn.rpartition("/")[2], "job")] == ["hello"]


@pytest.mark.parametrize("commit", [1, 2, 3, 4])
async def test_a_task_is_stopped_if_the_engine_is_killed_after_any_commit_of_the_stop(
    harness: EcsHarness, commit: int
) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task()
    await harness.wait_for_status(arn, "RUNNING")
    await harness.wait_until(lambda: not harness.store._busy)
    harness.crash_at = harness.commits + commit
    await harness.ecs_call("StopTask", task=arn, reason="enough")
    await harness.wait_until(lambda: harness.crash_at is None or not harness.ecs.supervisors.by_task)
    await harness.restart()
    task = await harness.wait_for_end(arn)
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    check_task_ran_once(harness, task, 143)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", [1, 2, 3])
async def test_a_container_runs_once_if_the_engine_is_killed_around_any_runtime_call(
    tmp_path: Path, call: int, before: bool
) -> None:
    harness = EcsHarness(tmp_path)
    harness.runtime = runtime = KillingRuntime(harness.clock.now)
    runtime.script(Script(code=3))
    runtime.arm(harness, call, before=before)
    harness.build_engine()
    arn = await harness.register_and_run_task()
    await harness.wait_until(lambda: runtime.killed)
    await harness.restart()
    task = await harness.wait_for_end(arn)
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    check_task_ran_once(harness, task, 3)
    await harness.ecs.stop()
    await harness.store.close()


async def test_after_a_crash_a_running_container_is_adopted_and_its_output_is_not_repeated(harness: EcsHarness) -> None:
    harness.runtime.script(Script(lines=(("stdout", "one"),), after=None))
    arn = await harness.register_and_run_task()
    name, task_id = harness.container_name(arn), arn.rpartition("/")[2]
    await harness.wait_for_status(arn, "RUNNING")
    await harness.wait_until(lambda: bool(list(read_output(harness.ecs.outputs, task_id, "job"))))
    await harness.restart()
    harness.runtime.write(name, "two")
    harness.runtime.finish(name, 4)
    task = await harness.wait_for_end(arn)
    check_task_ran_once(harness, task, 4)
    assert harness.runtime.count("start", name) == 1
    assert [line.text for line in read_output(harness.ecs.outputs, task_id, "job")] == ["one", "two"]


async def test_a_container_that_disappeared_while_it_ran_is_not_run_again(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task()
    await harness.wait_for_status(arn, "RUNNING")
    harness.kill_engine()
    harness.runtime._runs.clear()
    await harness.restart()
    task = await harness.wait_for_end(arn)
    assert harness.runtime.count("run", harness.container_name(arn)) == 1
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == "there is no such container"


async def test_a_secret_that_is_missing_at_the_restart_does_not_orphan_a_running_container(harness: EcsHarness) -> None:
    harness.secrets["ssm:db"] = "open sesame"
    harness.runtime.script(Script(after=None))
    secret = {"name": "PASSWORD", "valueFrom": "db"}
    arn = await harness.register_and_run_task(definition=fargate_definition({"name": "job", "secrets": [secret]}))
    await harness.wait_for_status(arn, "RUNNING")
    harness.secrets.clear()
    await harness.restart()
    harness.runtime.finish(harness.container_name(arn))
    check_task_ran_once(harness, await harness.wait_for_end(arn), 0)


async def test_containers_that_belong_to_no_task_are_stopped_and_removed_at_the_start(harness: EcsHarness) -> None:
    await harness.wait_for_end(await harness.register_and_run_task())
    await start_stray_container(harness)
    await harness.restart()
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    assert harness.runtime.count("stop", STRAY) == 1
    assert await harness.runtime.names() == frozenset()


async def test_an_engine_without_tasks_removes_stray_containers_with_its_first_task(harness: EcsHarness) -> None:
    await start_stray_container(harness)
    await harness.restart()
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    assert await harness.runtime.names() == {STRAY}
    await harness.wait_for_end(await harness.register_and_run_task())
    await harness.wait_until(lambda: not harness.ecs.supervisors.running)
    assert await harness.runtime.names() == frozenset()


async def start_stray_container(harness: EcsHarness) -> None:
    """Run a container that belongs to no task until it is stopped."""
    harness.runtime.script(Script(after=None), lambda container: container.name == STRAY)
    await harness.runtime.start(ContainerSpec(name=STRAY, image="busybox"))


async def test_adoption_waits_for_an_unavailable_runtime(harness: EcsHarness) -> None:
    harness.runtime.script(Script(after=None))
    arn = await harness.register_and_run_task()
    await harness.wait_for_status(arn, "RUNNING")
    harness.runtime.go_away()
    await harness.restart()
    harness.runtime.finish(harness.container_name(arn), 0)
    assert (await harness.describe_task(arn))["lastStatus"] == "RUNNING"
    harness.runtime.come_back()
    check_task_ran_once(harness, await harness.wait_for_end(arn), 0)


async def test_an_unexpected_error_loses_no_task(harness: EcsHarness, caplog: pytest.LogCaptureFixture) -> None:
    fail = [True]

    def fail_once(_container: ContainerSpec) -> bool:
        if fail.pop() if fail else False:
            raise OSError("nobody thought of this")
        return True

    harness.runtime.script(Script(), fail_once)
    check_task_ran_once(harness, await harness.wait_for_end(await harness.register_and_run_task()), 0)
    assert "nobody thought of this" in caplog.text
