"""The image decides which runtime runs a container; afterwards the container's name does."""

from pathlib import Path

from lamplighter.base.world import real_world
from lamplighter.runtime.composite import CompositeRuntime
from lamplighter.runtime.port import ContainerSpec
from lamplighter.runtime.process.runtime import ProcessRuntime
from tests.fake_runtime import FakeRuntime, Script
from tests.manual_world import ManualClock


async def test_containers_with_an_image_and_without_run_side_by_side(tmp_path: Path) -> None:
    image_runtime = FakeRuntime(ManualClock().now)
    image_runtime.script(Script(code=3, lines=(("stdout", "image"),)))
    runtime = CompositeRuntime(image_runtime, ProcessRuntime(tmp_path, real_world().now))
    await runtime.check()
    await runtime.start(ContainerSpec(name="image", image="any"))
    await runtime.start(ContainerSpec(name="process", command=("sh", "-c", "echo process; exit 5")))
    assert [(await runtime.wait(name)).code for name in ("image", "process")] == [3, 5]
    assert [line.text async for line in runtime.logs("image")] == ["image"]
    assert [line.text async for line in runtime.logs("process")] == ["process"]
    assert await runtime.names() == {"image", "process"}
    for name in ("image", "process"):
        await runtime.stop(name, 0)
        await runtime.remove(name)
    assert await runtime.names() == frozenset()
    await runtime.close()


async def test_processes_run_while_docker_is_unavailable(tmp_path: Path) -> None:
    image_runtime = FakeRuntime(ManualClock().now)
    image_runtime.go_away()
    runtime = CompositeRuntime(image_runtime, ProcessRuntime(tmp_path, real_world().now))
    await runtime.start(ContainerSpec(name="process", command=("true",)))
    assert (await runtime.wait("process")).code == 0
    await runtime.remove("process")
    await runtime.close()
