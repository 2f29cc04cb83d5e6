"""What only Docker can do: be away, lose an image, run out of memory."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.runtime.docker.runtime import DockerRuntime
from lamplighter.runtime.port import OUT_OF_MEMORY, CannotStart, ContainerSpec, ImageUnavailable, RuntimeUnavailable

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class Line:
    """A line to Docker that a test can cut, as a daemon's restart does."""

    def __init__(self, directory: Path) -> None:
        self._socket = directory / "docker.sock"
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.StreamWriter] = set()
        self.address = f"unix://{self._socket}"

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._answer, self._socket)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.unlink(missing_ok=True)
        for writer in self._calls:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_docker, to_docker = await asyncio.open_unix_connection(SOCKET)
        self._calls |= {writer, to_docker}
        await asyncio.gather(self._copy(reader, to_docker), self._copy(from_docker, writer))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(65536):
                target.write(chunk)
                await target.drain()
        target.close()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    directory = Path(tempfile.mkdtemp(prefix="lamplighter-"))  # a socket's path may have 107 bytes
    made = Line(directory)
    await made.mend()
    yield made
    await made.cut()
    shutil.rmtree(directory)


@pytest.fixture
async def runtime(docker_image: str) -> AsyncIterator[DockerRuntime]:
    made = DockerRuntime(f"test-{uuid.uuid4()}", real_world().now)
    yield made
    for name in await made.names():
        await made.stop(name, 0)
        await made.remove(name)
    await made.close()


def job(image: str, script: str = "true", **fields: object) -> ContainerSpec:
    return ContainerSpec(name=f"test-{uuid.uuid4()}", image=image, command=("sh", "-c", script), **fields)  # type: ignore[arg-type]


@pytest.mark.docker
async def test_who_waits_and_reads_sits_out_a_docker_that_goes_away(
    runtime: DockerRuntime, line: Line, docker_image: str
) -> None:
    container = job(docker_image, "trap 'echo two; exit 9' TERM; echo one; sleep 1000 & wait")
    await runtime.start(container)
    far = DockerRuntime(runtime._engine, real_world().now, line.address)
    lines = far.logs(container.name)
    assert (await anext(lines)).text == "one"
    waiting = asyncio.create_task(far.wait(container.name))
    reading = asyncio.create_task(anext(lines))
    await asyncio.sleep(0)
    await line.cut()
    await runtime.stop(container.name, 30)
    assert not waiting.done()
    await line.mend()
    assert (await waiting).code == 9
    assert (await reading).text == "two"
    assert [each async for each in lines] == []
    await far.close()


async def test_a_docker_that_is_away_is_told_from_one_that_refuses(line: Line) -> None:
    await line.cut()
    runtime = DockerRuntime("test", real_world().now, line.address)
    with pytest.raises(RuntimeUnavailable, match="--runtime process"):
        await runtime.check()
    for asked in (runtime.start(job("any")), runtime.stop("any", 1), runtime.remove("any"), runtime.names()):
        with pytest.raises(RuntimeUnavailable):
            await asked
    await runtime.close()


async def test_any_number_of_containers_can_be_waited_for_at_once() -> None:
    runtime = DockerRuntime("test", real_world().now, "unix:///nowhere")
    assert runtime._docker.connector.limit == 0
    await runtime.close()


@pytest.mark.docker
async def test_an_image_that_cannot_be_had_is_told_in_the_words_of_ecs(runtime: DockerRuntime) -> None:
    for image in ("127.0.0.1:1/no-such-image:1", "NOT:A:NAME"):
        with pytest.raises(ImageUnavailable, match=r"^CannotPullContainerError: Error response from daemon: "):
            await runtime.start(job(image))
    assert await runtime.names() == frozenset()


@pytest.mark.docker
async def test_a_container_that_was_made_but_not_started_is_started(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "echo once")
    made = await runtime._create(container)
    assert (await runtime.start(container)).runtime_id == made
    assert (await runtime.wait(container.name)).code == 0
    assert [each.text async for each in runtime.logs(container.name)] == ["once"]


@pytest.mark.docker
async def test_a_container_is_adopted_though_its_image_is_gone(runtime: DockerRuntime, docker_image: str) -> None:
    tag = f"lamplighter-test:{uuid.uuid4()}"
    tag_image(docker_image, tag)
    container = job(tag, "exit 3")
    first = await runtime.start(container)
    remove_image(tag)
    assert (await runtime.start(container)).runtime_id == first.runtime_id
    assert (await runtime.wait(container.name)).code == 3


def tag_image(image: str, tag: str) -> None:
    subprocess.run(["docker", "tag", image, tag], check=True)


def remove_image(tag: str) -> None:
    subprocess.run(["docker", "rmi", "-f", tag], check=True, capture_output=True)


@pytest.mark.docker
async def test_a_local_image_is_named_by_its_content_and_not_pulled(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image)
    started = await runtime.start(container)
    assert (started.image_digest or "").startswith("sha256:")
    assert (started.pull_started_at, started.pull_stopped_at) == (None, None)
    assert (await runtime.start(container)).image_digest == started.image_digest


@pytest.mark.docker
async def test_an_engine_neither_names_nor_adopts_what_belongs_to_another(
    runtime: DockerRuntime, docker_image: str
) -> None:
    container = job(docker_image)
    await runtime.start(container)
    other = DockerRuntime("another", real_world().now)
    assert container.name not in await other.names()
    with pytest.raises(CannotStart, match="another engine"):
        await other.start(container)
    await other.close()


@pytest.mark.docker
async def test_a_container_that_outgrows_its_memory_says_so(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", memory=32)
    await runtime.start(container)
    ended = await runtime.wait(container.name)
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)


@pytest.mark.docker
async def test_containers_of_one_task_share_a_network(runtime: DockerRuntime, docker_image: str) -> None:
    first = job(docker_image, "readlink /proc/self/ns/net; sleep 1000", init=True)
    await runtime.start(first)
    second = job(docker_image, "readlink /proc/self/ns/net", network=first.name)
    await runtime.start(second)
    spaces = [(await anext(runtime.logs(each.name))).text for each in (first, second)]
    assert spaces[0] == spaces[1]


@pytest.mark.docker
async def test_a_read_only_root_is_read_only(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "echo > /file", read_only_root=True)
    await runtime.start(container)
    assert (await runtime.wait(container.name)).code == 1
