"""The fake runtime plays the scripts of a test and records the calls."""

import asyncio

import pytest

from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import OUT_OF_MEMORY, ContainerExit, ContainerSpec, ImageUnavailable, RuntimeUnavailable
from tests.fake_runtime import FakeRuntime, Script
from tests.manual_world import ManualClock

JOB = ContainerSpec(name="job", image="any")


async def test_a_container_exits_exactly_when_its_time_has_passed() -> None:
    clock = ManualClock(1_000)
    runtime = FakeRuntime(clock.now)
    runtime.script(Script(after=60_000, code=137, reason=OUT_OF_MEMORY))
    await runtime.start(JOB)
    waiting = asyncio.create_task(runtime.wait("job"))
    clock.advance(59_999)
    runtime.settle()
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1)
    runtime.settle()
    assert await waiting == ContainerExit(137, 61_000, OUT_OF_MEMORY, started_at=1_000)


async def test_the_latest_matching_script_is_played() -> None:
    runtime = FakeRuntime(ManualClock().now)
    runtime.script(Script(code=1))
    runtime.script(Script(code=2), lambda container: container.command == ("two",))
    await runtime.start(JOB)
    await runtime.start(ContainerSpec(name="other", command=("two",)))
    assert [(await runtime.wait(name)).code for name in ("job", "other")] == [1, 2]


async def test_every_run_is_counted_and_a_repeated_start_is_no_run() -> None:
    runtime = FakeRuntime(ManualClock().now)
    await runtime.start(JOB)
    await runtime.start(JOB)
    assert (runtime.count("start", "job"), runtime.count("run", "job")) == (2, 1)


async def test_an_image_that_could_not_be_pulled_can_be_available_later() -> None:
    runtime = FakeRuntime(ManualClock().now)
    runtime.script(Script(failure=ImageUnavailable("CannotPullContainerError: no such image")))
    with pytest.raises(ImageUnavailable):
        await runtime.start(JOB)
    runtime.script(Script(code=5))
    await runtime.start(JOB)
    assert (await runtime.wait("job")).code == 5


async def test_a_start_whose_answer_was_lost_has_still_run() -> None:
    runtime = FakeRuntime(ManualClock().now)
    runtime.script(Script(answer_lost=True))
    with pytest.raises(RuntimeUnavailable):
        await runtime.start(JOB)
    await runtime.start(JOB)
    assert runtime.count("run", "job") == 1


async def test_waiting_and_reading_continue_when_the_runtime_returns() -> None:
    clock = ManualClock(1_000)
    runtime = FakeRuntime(clock.now)
    runtime.script(Script(lines=(("stdout", "one"),), after=None))
    await runtime.start(JOB)

    async def read() -> list[OutputLine]:
        return [line async for line in runtime.logs("job")]

    waiting, reading = asyncio.create_task(runtime.wait("job")), asyncio.create_task(read())
    await asyncio.sleep(0)
    runtime.go_away()
    runtime.write("job", "two", "stderr")
    runtime.finish("job", 3)
    with pytest.raises(RuntimeUnavailable):
        await runtime.check()
    await asyncio.sleep(0)
    assert not waiting.done()
    runtime.come_back()
    assert (await waiting).code == 3
    assert await reading == [OutputLine(1_000, "stdout", "one"), OutputLine(1_000, "stderr", "two")]


def test_the_fake_runtime_outlives_the_event_loop_of_an_engine() -> None:
    runtime = FakeRuntime(ManualClock().now)
    runtime.script(Script(after=None))

    async def run_killed_engine() -> None:
        await runtime.start(JOB)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runtime.wait("job"), 0)

    async def run_next_engine() -> ContainerExit:
        await runtime.start(JOB)
        waiting = asyncio.create_task(runtime.wait("job"))
        await asyncio.sleep(0)
        runtime.finish("job", 7)
        return await waiting

    asyncio.run(run_killed_engine())
    assert asyncio.run(run_next_engine()).code == 7
