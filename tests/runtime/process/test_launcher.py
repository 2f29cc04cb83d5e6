"""The launcher of shims may die at any moment: no process is lost, and none is started twice."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.runtime.port import ContainerSpec, RuntimeUnavailable
from lamplighter.runtime.process import launcher as launcher_process
from lamplighter.runtime.process.launcher_program import fork_shim
from lamplighter.runtime.process.runtime import ProcessRuntime
from tests.killed_at_end import killed_at_end
from tests.process_state import children, parent, process_state

ENGINE = """
import asyncio, sys
from pathlib import Path
from lamplighter.base.world import real_world
from lamplighter.runtime.port import ContainerSpec
from lamplighter.runtime.process.runtime import ProcessRuntime

async def main(directory, script, number):
    runtime = ProcessRuntime(Path(directory), real_world().now)
    jobs = [ContainerSpec(name=f"job-{at}", command=("sh", "-c", script)) for at in range(int(number))]
    started = await runtime.start(jobs[0])
    print(started.runtime_id, flush=True)
    await asyncio.gather(*(runtime.start(job) for job in jobs))
    print("all", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A FIFO at which scripts wait for the test."""
    os.mkfifo(tmp_path / "gate")
    return tmp_path / "gate"


def job(script: str, name: str = "job") -> ContainerSpec:
    return ContainerSpec(name=name, command=("sh", "-c", script))


async def output(runtime: ProcessRuntime, name: str = "job") -> list[str]:
    return [line.text async for line in runtime.logs(name)]


async def launcher_of(runtime: ProcessRuntime) -> int:
    """Return the pid of the runtime's launcher, which is the parent of its shims."""
    started = await runtime.start(job("sleep 1000", "any"))
    launcher = parent(parent(started.runtime_id))
    await runtime.stop("any", 0)
    await runtime.remove("any")
    return launcher


def is_alive(pid: int | str) -> bool:
    return process_state(pid) not in ("", "Z")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nothing announces the state of another process
            await asyncio.sleep(0.001)


async def test_processes_survive_their_launcher_and_the_next_start_has_a_new_one(
    runtime: ProcessRuntime, gate: Path
) -> None:
    started = await runtime.start(job(f"cat {gate}; exit 7"))
    launcher = parent(parent(started.runtime_id))
    os.kill(launcher, signal.SIGKILL)
    await until(lambda: not is_alive(launcher))
    other = await runtime.start(job("exit 3", "other"))
    assert (await runtime.wait("other")).code == 3
    assert other.runtime_id != started.runtime_id
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 7


async def test_a_start_that_a_killed_launcher_had_not_begun_can_be_repeated(runtime: ProcessRuntime) -> None:
    launcher = await launcher_of(runtime)
    os.kill(launcher, signal.SIGSTOP)
    starting = asyncio.create_task(runtime.start(job("echo once")))
    await until(lambda: "job" in os.listdir(runtime._directory))
    await asyncio.sleep(0)
    os.kill(launcher, signal.SIGKILL)
    with pytest.raises(RuntimeUnavailable, match="could not start"):
        await starting
    await runtime.start(job("echo once"))
    assert (await runtime.wait("job")).code == 0
    assert await output(runtime) == ["once"]


async def test_a_launcher_that_lags_behind_its_dead_engine_starts_nothing_twice(
    runtime: ProcessRuntime, tmp_path: Path, gate: Path
) -> None:
    """The next engine has started the process when the old launcher reads the order for it."""
    old = ProcessRuntime(tmp_path / "processes", real_world().now)
    launcher = await launcher_of(old)
    os.kill(launcher, signal.SIGSTOP)
    container = job(f"echo once; cat {gate}; exit 7")
    starting = asyncio.create_task(old.start(container))
    await until(lambda: "job" in os.listdir(runtime._directory))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await old.close()
    started = await runtime.start(container)
    os.kill(launcher, signal.SIGCONT)
    await until(lambda: not is_alive(launcher))
    assert (await runtime.start(container)).runtime_id == started.runtime_id
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 7
    assert await output(runtime) == ["once"]


@pytest.mark.parametrize("wait_for_all", [False, True])
async def test_an_engine_that_is_killed_while_shims_are_forked_starts_each_process_once(
    runtime: ProcessRuntime, tmp_path: Path, gate: Path, *, wait_for_all: bool
) -> None:
    script, count = f"echo once; read line < {gate}; exit 7", 30
    command = [sys.executable, "-c", ENGINE, str(tmp_path / "processes"), script, str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220 - it does not block long
    with killed_at_end(process) as engine:
        assert engine.stdout is not None
        launcher = parent(parent(engine.stdout.readline().decode().strip()))
        if wait_for_all:
            assert engine.stdout.readline() == b"all\n"
    await until(lambda: not is_alive(launcher))
    jobs = [job(script, f"job-{at}") for at in range(count)]
    await asyncio.gather(*(runtime.start(each) for each in jobs))
    opened = os.open(gate, os.O_RDWR)
    os.write(opened, b"\n" * count)
    ended = await asyncio.gather(*(runtime.wait(each.name) for each in jobs))
    os.close(opened)
    assert [each.code for each in ended] == [7] * count
    assert [await output(runtime, each.name) for each in jobs] == [["once"]] * count


async def test_ended_shims_leave_no_zombies(runtime: ProcessRuntime) -> None:
    launcher = await launcher_of(runtime)
    await asyncio.gather(*(runtime.start(job("exit 3", f"job-{number}")) for number in range(5)))
    await until(lambda: children(launcher) == [])
    assert [(await runtime.wait(f"job-{number}")).code for number in range(5)] == [3] * 5


async def test_a_start_that_is_slow_does_not_delay_the_others(
    runtime: ProcessRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_process, "SLOW_START_SECONDS", 0)
    exchange, never = launcher_process._exchange, asyncio.Event()

    async def exchange_unless_told_to_hang(connection: object, arguments: bytes) -> bytes:
        if b"hang" in arguments:
            await never.wait()
        return await exchange(connection, arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(launcher_process, "_exchange", exchange_unless_told_to_hang)
    count = launcher_process.STARTS_AT_ONCE + 4
    slow = [asyncio.create_task(runtime.start(job("hang", f"hang-{at}"))) for at in range(count)]
    async with asyncio.timeout(60):
        await runtime.start(job("exit 3"))
    assert (await runtime.wait("job")).code == 3
    assert not any(each.done() for each in slow)
    for each in slow:
        each.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_starts_that_a_hanging_launcher_cannot_take_are_refused_and_can_be_repeated(
    runtime: ProcessRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_process, "SLOW_START_SECONDS", 0)
    launcher = await launcher_of(runtime)
    assert runtime._launcher._socket is not None
    runtime._launcher._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's minimum: a few messages
    os.kill(launcher, signal.SIGSTOP)
    jobs = [job("echo once", f"job-{number}") for number in range(40)]
    starts: list[Awaitable[object]] = [asyncio.ensure_future(runtime.start(each)) for each in jobs]
    await asyncio.wait(starts, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
    os.kill(launcher, signal.SIGCONT)
    answers = await asyncio.gather(*starts, return_exceptions=True)
    refused = [each for each, answer in zip(jobs, answers, strict=True) if isinstance(answer, RuntimeUnavailable)]
    assert 0 < len(refused) < len(jobs)
    for each in refused:
        await runtime.start(each)
    assert {(await runtime.wait(each.name)).code for each in jobs} == {0}
    assert [await output(runtime, each.name) for each in jobs] == [["once"]] * len(jobs)


async def test_a_launcher_without_room_for_a_shim_says_why_and_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    engine_end, launcher_end = socket.socketpair()
    with engine_end:
        fork_shim(launcher_end.detach())
        engine_end.settimeout(0)
        assert b"temporarily unavailable" in await launcher_process._exchange(engine_end, b"arguments")
