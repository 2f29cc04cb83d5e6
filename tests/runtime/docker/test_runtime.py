"""Behaviour that only Docker has: it can be unavailable, lose an image and run out of memory."""

import asyncio
import math
import os
import re
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from aiodocker import DockerError

from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.runtime.docker import free_ports, log_place, log_stream, pause_image
from lamplighter.runtime.docker.runtime import DockerRuntime
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import (
    OUT_OF_MEMORY,
    CannotStart,
    ContainerSpec,
    HealthCheck,
    ImageUnavailable,
    LogDriver,
    Mount,
    NamespacesEnded,
    Port,
    RuntimeUnavailable,
)

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


REFUSAL = b'HTTP/1.1 500 \r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"message":"hung"}'


class DockerProxy:
    """A proxy to Docker that a test can disconnect, as a restart of the daemon does, and that can refuse requests."""

    def __init__(self, directory: Path) -> None:
        self.refused = ""
        """The requests that are answered with 500, as an expression that matches method and path; empty: none."""
        self.refusals: float = math.inf
        """How many requests it refuses."""
        self._socket = directory / "docker.sock"
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.address = f"unix://{self._socket}"

    async def connect(self) -> None:
        self._server = await asyncio.start_unix_server(self._answer, self._socket)

    async def disconnect(self) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.unlink(missing_ok=True)
        for writer in self._connections:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_docker, to_docker = await asyncio.open_unix_connection(SOCKET)
        self._connections |= {writer, to_docker}
        await asyncio.gather(self._copy(reader, to_docker, writer), self._copy(from_docker, writer, None))

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, client: asyncio.StreamWriter | None
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(65536):
                if client and self.refused and self.refusals and re.match(self.refused, chunk.decode()):
                    self.refusals -= 1
                    client.write(REFUSAL)
                    break
                target.write(chunk)
                await target.drain()
        target.close()


@pytest.fixture
async def proxy() -> AsyncIterator[DockerProxy]:
    directory = Path(tempfile.mkdtemp(prefix="lamplighter-"))  # the path of a socket has at most 107 bytes
    connection = DockerProxy(directory)
    await connection.connect()
    yield connection
    await connection.disconnect()
    shutil.rmtree(directory)


@pytest.fixture
async def runtime(docker_image: str) -> AsyncIterator[DockerRuntime]:
    started = DockerRuntime(f"test-{uuid.uuid4()}", real_world().now)
    yield started
    for name in await started.names():
        await started.stop(name, 0)
        await started.remove(name)
    await started.close()


def job(image: str, script: str = "true", **fields: object) -> ContainerSpec:
    return ContainerSpec(name=f"test-{uuid.uuid4()}", image=image, command=("sh", "-c", script), **fields)  # type: ignore[arg-type]


@pytest.mark.docker
async def test_waiting_and_reading_continue_when_docker_returns(
    runtime: DockerRuntime, proxy: DockerProxy, docker_image: str
) -> None:
    container = job(docker_image, "trap 'echo two; exit 9' TERM; echo one; sleep 1000 & wait")
    await runtime.start(container)
    remote = DockerRuntime(runtime._engine, real_world().now, proxy.address)
    lines = remote.logs(container.name)
    assert (await anext(lines)).text == "one"
    waiting = asyncio.create_task(remote.wait(container.name))
    reading = asyncio.create_task(anext(lines))
    await asyncio.sleep(0)
    await proxy.disconnect()
    await runtime.stop(container.name, 30)
    assert not waiting.done()
    await proxy.connect()
    assert (await waiting).code == 9
    assert (await reading).text == "two"
    assert [each async for each in lines] == []
    await remote.close()


async def until_unavailable(runtime: DockerRuntime) -> None:
    async with asyncio.timeout(60):
        with suppress(RuntimeUnavailable):
            while True:
                await runtime.check()


@pytest.mark.docker
@pytest.mark.parametrize("refused", [r"\S+ \S+/(wait|json)", r"\S+ \S+/wait", r"\S+ \S+/json", ""])
async def test_a_docker_that_answers_500_to_those_who_wait_is_unavailable_until_it_answers_them(
    runtime: DockerRuntime, proxy: DockerProxy, docker_image: str, refused: str
) -> None:
    container = job(docker_image, "exit 9")
    remote = DockerRuntime(runtime._engine, real_world().now, proxy.address)
    await remote.start(container)
    await runtime.wait(container.name)
    proxy.refused = refused or "."
    waiting = asyncio.create_task(remote.wait(container.name))
    await until_unavailable(remote)
    assert not waiting.done()
    proxy.refused = ""
    assert (await waiting).code == 9
    await remote.check()
    await remote.close()


@pytest.mark.docker
async def test_docker_answers_again_as_soon_as_it_lets_the_engine_wait(
    runtime: DockerRuntime, proxy: DockerProxy, docker_image: str
) -> None:
    container = job(docker_image, "sleep 1000")
    await runtime.start(container)
    remote = DockerRuntime(runtime._engine, real_world().now, proxy.address)
    proxy.refused = r"\S+ \S+/wait"
    waiting = asyncio.create_task(remote.wait(container.name))
    await until_unavailable(remote)
    proxy.refused = ""
    async with asyncio.timeout(60):
        while remote._unanswered:
            await remote.names()
    assert not waiting.done()
    waiting.cancel()
    await remote.close()


@pytest.mark.docker
@pytest.mark.parametrize("request_", ["create", "start"])
async def test_a_start_that_docker_refuses_once_without_a_reason_is_repeated(
    runtime: DockerRuntime, proxy: DockerProxy, docker_image: str, request_: str
) -> None:
    container = job(docker_image, "echo once")
    remote = DockerRuntime(runtime._engine, real_world().now, proxy.address)
    proxy.refused, proxy.refusals = rf"POST \S+/{request_}\b", 1
    await remote.start(container)
    assert proxy.refusals == 0
    assert [line.text async for line in remote.logs(container.name)] == ["once"]
    await remote.close()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("refused", "error", "text"),
    [
        (r"POST \S+/create\b", CannotStart, "CannotCreateContainerError: Error response from daemon: hung"),
        (r"POST \S+/start\b", CannotStart, "CannotStartContainerError: Error response from daemon: hung"),
        (r"\S+ \S+/(create|start|json)\b", RuntimeUnavailable, "does not answer"),
    ],
)
async def test_a_start_that_docker_refuses_again_fails_only_if_docker_answers_what_it_knows_of_the_container(
    runtime: DockerRuntime, proxy: DockerProxy, docker_image: str, refused: str, error: type[Exception], text: str
) -> None:
    remote = DockerRuntime(runtime._engine, real_world().now, proxy.address)
    proxy.refused = refused
    with pytest.raises(error, match=text):
        await remote.start(job(docker_image))
    await remote.close()


async def test_an_unavailable_docker_is_a_runtime_unavailable_error(proxy: DockerProxy) -> None:
    await proxy.disconnect()
    runtime = DockerRuntime("test", real_world().now, proxy.address)
    with pytest.raises(RuntimeUnavailable, match="--runtime process"):
        await runtime.check()
    for call in (runtime.start(job("any")), runtime.stop("any", 1), runtime.remove("any"), runtime.names()):
        with pytest.raises(RuntimeUnavailable):
            await call
    await runtime.close()


async def test_the_number_of_connections_to_docker_is_not_limited() -> None:
    runtime = DockerRuntime("test", real_world().now, "unix:///nowhere")
    assert runtime._docker.connector.limit == 0
    await runtime.close()


@pytest.mark.docker
async def test_an_image_that_cannot_be_pulled_is_reported_in_the_words_of_ecs(runtime: DockerRuntime) -> None:
    for image in ("127.0.0.1:1/no-such-image:1", "NOT:A:NAME"):
        with pytest.raises(ImageUnavailable, match=r"^CannotPullContainerError: Error response from daemon: "):
            await runtime.start(job(image))
    assert await runtime.names() == frozenset()


@pytest.mark.docker
async def test_a_container_that_was_created_but_not_started_is_started_once(
    runtime: DockerRuntime, docker_image: str, tmp_path: Path
) -> None:
    """The container counts its starts in a file: Docker may lose the output of a short program on a stalled machine."""
    container = job(docker_image, "echo started >> /counted/starts", mounts=(Mount(str(tmp_path), "/counted"),))
    created = await runtime._create(container)
    assert (await runtime.start(container)).runtime_id == created
    assert (await runtime.wait(container.name)).code == 0
    assert (tmp_path / "starts").read_text() == "started\n"


@pytest.mark.docker
async def test_a_job_cannot_lead_the_volume_of_another_out_of_the_folder(
    runtime: DockerRuntime, docker_image: str, tmp_path: Path
) -> None:
    data, secret = tmp_path / "jobs" / "data", tmp_path / "secret"
    (data / "sub").mkdir(parents=True)
    secret.mkdir()
    marked = f"{tmp_path}/jobs/./data"
    first = job(docker_image, f"rmdir /data/sub && ln -s {secret} /data/sub", mounts=(Mount(marked, "/data"),))
    second = job(docker_image, "echo stolen > /sub/file", mounts=(Mount(f"{marked}/sub", "/sub", create=False),))
    third = job(docker_image, "echo written > /sub/file", mounts=(Mount(str(data / "sub"), "/sub"),))
    created = await runtime._create(second)
    assert created is not None
    await runtime.start(first)
    assert (await runtime.wait(first.name)).code == 0
    for start in (runtime.start, runtime.restart):
        with pytest.raises(CannotStart, match=f"{data}/sub is a link to {secret}, which is outside {tmp_path}/jobs:"):
            await start(second)
    assert second.name not in await runtime.names()
    assert list(secret.iterdir()) == []
    await runtime.start(third)
    assert (await runtime.wait(third.name)).code == 0
    assert (secret / "file").read_text() == "written\n"


@pytest.mark.docker
async def test_a_start_waits_until_docker_shows_the_container_whose_name_is_taken(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker reserves a name before it writes the container."""
    container = job(docker_image, "echo once")
    created = await runtime._create(container)
    inspect, missing = runtime._inspector.inspect, iter(range(4))

    async def inspect_late(name: str) -> Json | None:
        return await inspect(name) if next(missing, None) is None else None

    monkeypatch.setattr(runtime._inspector, "inspect", inspect_late)
    assert (await runtime.start(container)).runtime_id == created
    assert (await runtime.wait(container.name)).code == 0


@pytest.mark.docker
async def test_a_container_is_adopted_although_its_image_was_removed(runtime: DockerRuntime, docker_image: str) -> None:
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
async def test_a_local_image_is_identified_by_its_digest_and_not_pulled(
    runtime: DockerRuntime, docker_image: str
) -> None:
    container = job(docker_image)
    started = await runtime.start(container)
    assert (started.image_digest or "").startswith("sha256:")
    assert (started.pull_started_at, started.pull_stopped_at) == (None, None)
    assert (await runtime.start(container)).image_digest == started.image_digest


@pytest.mark.docker
async def test_an_engine_neither_lists_nor_adopts_containers_of_another_engine(
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
async def test_a_container_that_exceeds_its_memory_ends_with_that_reason(
    runtime: DockerRuntime, docker_image: str
) -> None:
    container = job(docker_image, "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", memory=32)
    await runtime.start(container)
    ended = await runtime.wait(container.name)
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)


@pytest.mark.docker
async def test_the_report_that_a_container_exceeded_its_memory_may_come_after_its_exit(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = job(docker_image, "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", memory=32)
    await runtime.start(container)
    inspect, early = runtime._inspector.inspect, iter(range(4))

    async def inspect_early(name: str) -> Json | None:
        found = await inspect(name)
        if found is not None and next(early, None) is not None:
            found["State"]["OOMKilled"] = False
        return found

    monkeypatch.setattr(runtime._inspector, "inspect", inspect_early)
    ended = await runtime.wait(container.name)
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)


@pytest.mark.docker
async def test_a_check_that_ends_with_its_container_does_not_make_it_unhealthy(
    runtime: DockerRuntime, docker_image: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel kills the check before Docker learns that the container has ended."""
    command = ("CMD-SHELL", "test ! -e /gate/go || { kill -USR1 1; sleep 1000; }")
    check = HealthCheck(command, interval=0.05, timeout=600, retries=1, start_period=0)
    script, mounts = "trap 'exit 0' USR1; while :; do sleep 0.01; done", (Mount(str(tmp_path), "/gate"),)
    container = job(docker_image, script, health_check=check, mounts=mounts)
    await runtime.start(container)
    async with aclosing(runtime.health(container)) as changes:
        assert await anext(changes) == "HEALTHY"
        (tmp_path / "go").touch()
        assert [health async for health in changes] == []
    assert (await runtime.wait(container.name)).code == 0
    assert "unhealthy" not in caplog.text


@pytest.mark.docker
async def test_a_killed_check_makes_a_container_that_goes_on_unhealthy(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lamplighter.runtime.docker.container_inspector._END_REPORT_SECONDS", 0.1)
    check = HealthCheck(("CMD-SHELL", "kill -KILL $$"), interval=0.05, timeout=600, retries=1, start_period=0)
    container = job(docker_image, "sleep 1000", health_check=check)
    await runtime.start(container)
    async with aclosing(runtime.health(container)) as changes:
        assert await anext(changes) == "UNHEALTHY"
    assert f"{container.name} is unhealthy: its health check ended with 137" in caplog.text


@pytest.mark.docker
async def test_containers_share_the_namespaces_of_a_pause_container_also_after_they_ended_and_restarted(
    runtime: DockerRuntime, docker_image: str
) -> None:
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}", ipc_mode="shareable")
    await runtime.start_pause_container(pause)
    script = "for each in net pid ipc; do readlink /proc/self/ns/$each; done"
    shared = {"network": pause.name, "pid_mode": pause.name, "ipc_mode": pause.name}
    first, second = (job(docker_image, script, **shared) for _ in range(2))
    for each in (first, second):
        await runtime.start(each)
        await runtime.wait(each.name)
    await runtime.restart(first)
    await runtime.wait(first.name)
    seen = [line.text for each in (first, second) async for line in runtime.logs(each.name)]
    assert len(seen) == 9
    assert len(set(seen)) == 3


@pytest.mark.docker
async def test_a_pause_container_runs_until_it_is_stopped_and_may_run_again(
    runtime: DockerRuntime, docker_image: str
) -> None:
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}")
    await runtime.start_pause_container(pause)
    started = await inspect_state(runtime, pause.name)
    await runtime.start_pause_container(pause)
    assert await inspect_state(runtime, pause.name) == started
    await runtime.stop(pause.name, 1000)
    assert (await runtime.wait(pause.name)).code == 137
    await runtime.start_pause_container(pause)
    assert (await inspect_state(runtime, pause.name))["Running"] is True


async def inspect_state(runtime: DockerRuntime, name: str) -> dict[str, object]:
    state: dict[str, object] = (await runtime._inspector.container(name).show())["State"]
    return state


@pytest.mark.docker
async def test_a_container_starts_only_while_the_pause_container_runs_whose_namespaces_it_shares(
    runtime: DockerRuntime, docker_image: str
) -> None:
    """It can start later, also if an engine that was killed had tried and failed."""
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}", ipc_mode="shareable")
    await runtime.start_pause_container(pause)
    await runtime.stop(pause.name, 0)
    container = job(docker_image, "exit 7", network=pause.name)
    in_processes, in_memory = (job(docker_image, **{mode: pause.name}) for mode in ("pid_mode", "ipc_mode"))
    for each in (container, in_processes, in_memory):
        with pytest.raises(NamespacesEnded):
            await runtime.start(each)
    await runtime._create(container)
    with pytest.raises(DockerError):
        await runtime._inspector.container(container.name).start()
    with pytest.raises(NamespacesEnded):
        await runtime.start(container)
    for run in (runtime.start, runtime.restart):
        await runtime.start_pause_container(pause)
        await run(container)
        assert (await runtime.wait(container.name)).code == 7
        await runtime.stop(pause.name, 0)
    with pytest.raises(NamespacesEnded):
        await runtime.restart(container)


@pytest.mark.docker
async def test_the_image_of_pause_containers_is_made_if_docker_does_not_have_it(
    runtime: DockerRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pause_image, "REPOSITORY", f"lamplighter-test-{uuid.uuid4()}")
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}")
    await runtime.start_pause_container(pause)
    image = str((await runtime._inspector.container(pause.name).show())["Config"]["Image"])
    assert image.startswith(pause_image.REPOSITORY)
    await runtime.stop(pause.name, 0)
    await runtime.remove(pause.name)
    remove_image(image)


@pytest.mark.docker
async def test_a_pause_container_that_cannot_start_is_an_error_in_docker_s_words(runtime: DockerRuntime) -> None:
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}", docker_network="no-such-network")
    with pytest.raises(CannotStart, match="no-such-network not found"):
        await runtime.start_pause_container(pause)


@pytest.mark.docker
async def test_the_pause_container_reaps_the_processes_that_become_its_children(
    runtime: DockerRuntime, docker_image: str
) -> None:
    pause = ContainerSpec(name=f"test-{uuid.uuid4()}")
    await runtime.start_pause_container(pause)
    script = (
        "sh -c 'sleep 0.1 & echo $!' > /tmp/orphan; read orphan < /tmp/orphan; "
        "while test -d /proc/$orphan; do sleep 0.01; done; echo reaped"
    )
    container = job(docker_image, script, pid_mode=pause.name)
    await runtime.start(container)
    assert [line.text async for line in runtime.logs(container.name)] == ["reaped"]


@pytest.mark.docker
async def test_a_read_only_root_cannot_be_written(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "echo > /file", read_only_root=True)
    await runtime.start(container)
    assert (await runtime.wait(container.name)).code == 1


@pytest.mark.docker
async def test_a_container_is_reached_by_the_port_of_this_machine_that_docker_chose(
    runtime: DockerRuntime, docker_image: str
) -> None:
    container = job(docker_image, "nc -ll -p 80 -e echo hello", ports=(Port(80, None), Port(7000, None, count=3)))
    started = await runtime.start(container)
    single, several = started.ports
    assert single.host is not None
    assert (several.host is not None, several.container, several.count) == (True, 7000, 3)
    assert await read_greeting(single.host) == b"hello"
    assert (await runtime.start(container)).ports == started.ports


@pytest.mark.docker
async def test_other_ports_are_chosen_if_another_program_takes_one_before_the_container_starts(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = job(docker_image, "nc -ll -p 7000 -e echo hello", ports=(Port(7000, None, count=3),))
    with socket.create_server(("", 0)) as server:
        taken, is_free = server.getsockname()[1], free_ports._is_free
        monkeypatch.setattr(free_ports, "FIRST_PORT", taken)
        monkeypatch.setattr(free_ports, "_is_free", lambda port, kind: port == taken or is_free(port, kind))
        (chosen,) = (await runtime.start(container)).ports
    assert chosen.host is not None
    assert chosen.host > taken
    assert await read_greeting(chosen.host) == b"hello"


@pytest.mark.docker
async def test_ports_are_chosen_again_a_few_times_only(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = job(docker_image, "sleep 1000", ports=(Port(7000, None, count=20),))
    (ports,) = (await runtime.start(taken)).ports
    monkeypatch.setattr(free_ports, "FIRST_PORT", ports.host)
    monkeypatch.setattr(free_ports, "_is_free", lambda _port, _kind: True)
    container = job(docker_image, ports=(Port(7000, None, count=3),))
    with pytest.raises(CannotStart, match=r"CannotStartContainerError: .*(already allocated|already in use)"):
        await runtime.start(container)


async def read_greeting(port: int) -> bytes:
    """Read what a server says; Docker accepts a connection before the server does, and then closes it."""
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                greeting = await reader.read()
                writer.close()
                if greeting:
                    return greeting.strip()


@pytest.mark.docker
async def test_a_port_that_is_taken_is_the_reason_in_docker_s_words(runtime: DockerRuntime, docker_image: str) -> None:
    first = job(docker_image, "sleep 1000", ports=(Port(80, None),))
    (port,) = (await runtime.start(first)).ports
    second = job(docker_image, "sleep 1000", ports=(Port(80, port.host),))
    with pytest.raises(CannotStart, match=r"CannotStartContainerError: .*port is already allocated"):
        await runtime.start(second)


@pytest.mark.docker
async def test_the_stop_signal_of_the_image_is_sent(runtime: DockerRuntime, docker_image: str) -> None:
    image = f"lamplighter-test-{uuid.uuid4()}"
    dockerfile = f"FROM {docker_image}\nSTOPSIGNAL SIGUSR1\n"
    build = ["docker", "build", "--quiet", "--tag", image, "-"]
    await asyncio.to_thread(subprocess.run, build, input=dockerfile.encode(), check=True, capture_output=True)
    try:
        script = "trap 'exit 5' USR1; trap 'exit 6' TERM; echo ready; while true; do sleep 0.01; done"
        container = job(image, script)
        await runtime.start(container)
        assert (await anext(runtime.logs(container.name))).text == "ready"
        await runtime.stop(container.name, 30)
        assert (await runtime.wait(container.name)).code == 5
        await runtime.remove(container.name)
    finally:
        remove = ["docker", "image", "rm", "--force", image]
        await asyncio.to_thread(subprocess.run, remove, check=True, capture_output=True)


@pytest.mark.docker
async def test_the_output_of_a_container_with_a_terminal_is_read(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "tty; printf 'one\\ntwo'", terminal=True)
    await runtime.start(container)
    await runtime.wait(container.name)
    lines = [line.text async for line in runtime.logs(container.name)]
    assert lines[0].startswith("/dev/")
    assert lines[1:] == ["one", "two"]


@pytest.mark.docker
async def test_a_long_line_of_a_terminal_has_no_times_in_its_text(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo two", terminal=True)
    await runtime.start(container)
    await runtime.wait(container.name)
    assert [line.text async for line in runtime.logs(container.name)] == ["x" * 100_000, "two"]


@pytest.mark.docker
async def test_the_last_lines_are_read_although_docker_left_them_out_while_the_container_ended(
    runtime: DockerRuntime, docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = job(docker_image, "echo one; echo two; printf three")
    await runtime.start(container)
    frames, lost = runtime._frames, iter((2,))

    async def frames_without_the_end(name: str, place: log_place.LogPlace) -> AsyncIterator[log_stream.LogFrame]:
        found = [frame async for frame in frames(name, place)]
        for frame in found[: len(found) - next(lost, 0)]:
            yield frame

    monkeypatch.setattr(runtime, "_frames", frames_without_the_end)
    assert [line.text async for line in runtime.logs(container.name)] == ["one", "two", "three"]


async def _read_in_pieces(
    runtime: DockerRuntime, container: ContainerSpec
) -> tuple[list[OutputLine], list[OutputLine], int]:
    """Run a container to its end, and read its output at once and in pieces.

    Return both, and the most frames that a place counts.
    """
    await runtime.start(container)
    await runtime.wait(container.name)
    whole = [line async for line in runtime.logs(container.name)]
    cursor, found, most = OutputCursor(), list[OutputLine](), 0
    while len(found) < len(whole):
        async with aclosing(runtime.logs(container.name, cursor)) as lines:
            async for line in lines:
                found.append(line)
                if len(found) % 37 == 0:
                    break
        most = max(most, log_place.LogPlace(cursor.place).frames)
        cursor = OutputCursor.of_document(cursor.document())
    return whole, found, most


@pytest.fixture
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a place count no frame again because its time is recent."""
    monkeypatch.setattr(log_place, "_SETTLED_NANOSECONDS", 0)


@pytest.mark.docker
@pytest.mark.usefixtures("settled_at_once")
async def test_output_is_read_on_from_docker_s_own_time(runtime: DockerRuntime, docker_image: str) -> None:
    container = job(docker_image, "for i in $(seq 1 400); do echo $i; done")
    whole, found, most = await _read_in_pieces(runtime, container)
    assert found == whole
    assert most < 100, "Docker leaves out what is before"


@pytest.mark.docker
@pytest.mark.usefixtures("settled_at_once")
async def test_output_of_two_streams_is_read_on_although_their_stamps_are_not_in_order(
    runtime: DockerRuntime, docker_image: str
) -> None:
    container = job(docker_image, "for i in $(seq 1 200); do echo $i; echo $i >&2; done")
    whole, found, _ = await _read_in_pieces(runtime, container)
    assert found == whole


@pytest.mark.docker
async def test_a_container_has_the_settings_of_linux_that_it_needs(runtime: DockerRuntime, docker_image: str) -> None:
    script = "hostname; cat /proc/sys/net/core/somaxconn; cat /etc/resolv.conf"
    container = job(
        docker_image,
        script,
        hostname="worker",
        kernel_settings={"net.core.somaxconn": "100"},
        dns_servers=("192.0.2.53",),
        dns_domains=("night.example",),
    )
    await runtime.start(container)
    await runtime.wait(container.name)
    lines = [line.text async for line in runtime.logs(container.name)]
    assert lines[:2] == ["worker", "100"]
    assert {"nameserver 192.0.2.53", "search night.example"} <= set(lines[2:])


@pytest.mark.docker
async def test_the_network_modes_none_and_host_are_docker_s(runtime: DockerRuntime, docker_image: str) -> None:
    for mode, has_more in (("none", False), ("host", True)):
        container = job(docker_image, "ls /sys/class/net", docker_network=mode)
        await runtime.start(container)
        await runtime.wait(container.name)
        lines = [line.text async for line in runtime.logs(container.name)]
        assert ("docker0" in lines) is has_more


@pytest.mark.docker
async def test_output_that_docker_does_not_keep_is_one_line_that_says_so(
    runtime: DockerRuntime, docker_image: str
) -> None:
    options = {"syslog-address": "udp://127.0.0.1:9", "cache-disabled": "true"}
    container = job(docker_image, "echo one", log_driver=LogDriver("syslog", options))
    await runtime.start(container)
    await runtime.wait(container.name)
    assert [each.text async for each in runtime.logs(container.name)] == [
        "lamplighter: Docker cannot read this output: configured logging driver does not support reading"
    ]
