"""Plain processes survive the death of the engine, and are never run twice."""

import asyncio
import fcntl
import os
import resource
import signal
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest
import uvloop

from lamplighter.base.world import real_world
from lamplighter.runtime.port import ContainerSpec, RuntimeUnavailable, StartCalledOff
from lamplighter.runtime.process import shim, shim_arguments
from lamplighter.runtime.process.launcher import STARTS_AT_ONCE, LauncherProcess
from lamplighter.runtime.process.process_directory import SHIM_DIED
from lamplighter.runtime.process.runtime import ProcessRuntime
from tests.killed_at_end import killed_at_end
from tests.process_state import children, parent, process_state

ENGINE = """
import asyncio, signal, sys
from pathlib import Path
from lamplighter.base.world import real_world
from lamplighter.runtime.port import ContainerSpec
from lamplighter.runtime.process.runtime import ProcessRuntime

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, under which the tests may run, ignores it

async def main(directory, script):
    job = ContainerSpec(name="job", command=("sh", "-c", script))
    await ProcessRuntime(Path(directory), real_world().now).start(job)
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A FIFO at which a script waits for the test."""
    os.mkfifo(tmp_path / "gate")
    return tmp_path / "gate"


def job(script: str) -> ContainerSpec:
    return ContainerSpec(name="job", command=("sh", "-c", script))


async def read_output(runtime: ProcessRuntime) -> list[str]:
    return [line.text async for line in runtime.logs("job")]


async def first_line(runtime: ProcessRuntime) -> str:
    async with aclosing(runtime.logs("job")) as lines:
        async for line in lines:
            return line.text
    raise AssertionError("no output")


def is_alive(pid: str) -> bool:
    return process_state(pid) not in ("", "Z")


def start_and_kill_engine(directory: Path, script: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", ENGINE, str(directory), script]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with killed_at_end(process) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"started\n"
        os.killpg(engine.pid, number)
        engine.wait(60)


async def run_shim(arguments: bytes) -> bytes:
    """Run a shim as the engine does; return its error output once it has decided whether to start the process."""
    launcher = LauncherProcess()
    output = await launcher.start_shim(arguments)
    launcher.close()
    return output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_process_survives_signals_to_the_process_group_of_the_engine(
    runtime: ProcessRuntime, tmp_path: Path, gate: Path, number: signal.Signals
) -> None:
    script = f"echo once; cat {gate}; exit 7"
    start_and_kill_engine(tmp_path / "processes", script, number)
    await runtime.start(job(script))
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 7
    assert await read_output(runtime) == ["once"]


async def test_a_process_without_free_file_descriptors_is_not_started_and_can_be_started_later(
    tmp_path: Path, gate: Path
) -> None:
    room = False
    runtime = ProcessRuntime(tmp_path / "processes", real_world().now, has_room=lambda _files: room)
    with pytest.raises(RuntimeUnavailable, match="too many open files"):
        await runtime.start(job("echo once"))
    assert await runtime.names() == frozenset()
    room = True
    await runtime.start(job(f"echo once; cat {gate}"))
    room = False
    await runtime.close()  # the watches of a process end with an engine, and the next engine makes them again
    for call in (runtime.wait("job"), read_output(runtime), runtime.stop("job", 0)):
        with pytest.raises(RuntimeUnavailable):
            await call
    room = True
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 0
    assert await read_output(runtime) == ["once"]
    await runtime.remove("job")
    await runtime.close()


async def test_a_start_that_is_called_off_while_it_waits_for_the_launcher_starts_nothing(
    runtime: ProcessRuntime,
) -> None:
    places, called_off = runtime._launcher._places, False
    for _ in range(STARTS_AT_ONCE):
        await places.acquire()
    start = asyncio.create_task(runtime.start(job("exit 0"), lambda: called_off))
    await asyncio.sleep(0)  # it waits for its place now
    called_off = True
    places.release()
    with pytest.raises(StartCalledOff):
        await start
    assert not runtime.has("job")


async def test_a_process_gets_the_user_s_limit_of_open_files(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    runtime = ProcessRuntime(tmp_path / "processes", real_world().now, file_limit=soft - 1)
    await runtime.start(job("ulimit -Sn; ulimit -Hn"))
    await runtime.wait("job")
    assert await read_output(runtime) == [str(soft - 1), str(hard)]
    await runtime.remove("job")
    await runtime.close()


async def test_a_killed_shim_ends_the_process_which_is_not_run_again(runtime: ProcessRuntime, gate: Path) -> None:
    container = job(f"set -m; (echo $$; cat {gate}) & wait")
    started = await runtime.start(container)
    waiting = asyncio.create_task(runtime.wait("job"))
    child = await first_line(runtime)
    os.kill(parent(started.runtime_id), signal.SIGKILL)
    ended = await waiting
    assert (ended.code, ended.reason) == (None, SHIM_DIED)
    assert not is_alive(started.runtime_id)
    assert not is_alive(child)
    assert (await runtime.start(container)).runtime_id == started.runtime_id
    assert await runtime.wait("job") == ended


async def test_a_shim_that_is_killed_while_no_engine_runs_is_noticed_later(tmp_path: Path, gate: Path) -> None:
    first = ProcessRuntime(tmp_path / "processes", real_world().now)
    started = await first.start(job(f"cat {gate}"))
    await first.close()
    os.kill(parent(started.runtime_id), signal.SIGKILL)
    second = ProcessRuntime(tmp_path / "processes", real_world().now)
    assert (await second.wait("job")).reason == SHIM_DIED
    assert not is_alive(started.runtime_id)
    await second.close()


async def test_the_shim_survives_the_sigterm_of_a_shutdown_and_records_the_exit(
    runtime: ProcessRuntime, gate: Path
) -> None:
    started = await runtime.start(job(f"trap 'exit 9' TERM; echo ready; cat {gate} & wait"))
    await first_line(runtime)
    os.kill(parent(started.runtime_id), signal.SIGTERM)
    os.kill(int(started.runtime_id), signal.SIGTERM)
    assert (await runtime.wait("job")).code == 9


async def test_stopping_reaches_the_whole_process_group(runtime: ProcessRuntime, gate: Path) -> None:
    child = f"trap 'echo child; exit 0' TERM; echo ready; cat {gate} & wait"
    await runtime.start(job(f"trap 'wait; exit 9' TERM; sh -c \"{child}\" & wait"))
    await first_line(runtime)
    await runtime.stop("job", 30)
    assert (await runtime.wait("job")).code == 9
    assert await read_output(runtime) == ["ready", "child"]


async def test_descendants_in_other_sessions_end_with_the_process(
    runtime: ProcessRuntime, tmp_path: Path, gate: Path
) -> None:
    hidden = tmp_path / "hidden"
    inner = tmp_path / "inner.sh"
    inner.write_text(f"trap '' TERM; setsid sleep 1000 & echo $! $$ > {hidden}; echo ready; sleep 1000")
    await runtime.start(job(f"setsid sh {inner} & cat {gate}"))
    await first_line(runtime)
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 0
    pids = hidden.read_text().split()
    assert len(pids) == 2
    assert [pid for pid in pids if is_alive(pid)] == []


async def test_orphaned_descendants_that_have_ended_leave_no_zombies(runtime: ProcessRuntime, gate: Path) -> None:
    orphans = "for i in 1 2 3; do (setsid sh -c 'exit 0' &); done"
    started = await runtime.start(job(f"{orphans}; echo ready; cat {gate}"))
    await first_line(runtime)
    main = int(started.runtime_id)
    async with asyncio.timeout(60):
        while (found := children(parent(main))) != [main]:
            assert main in found
            await asyncio.sleep(0)
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 0


async def test_the_process_ignores_no_signals(runtime: ProcessRuntime) -> None:
    await runtime.start(job("grep SigIgn /proc/self/status"))
    assert await read_output(runtime) == ["SigIgn:\t0000000000000000"]


def test_no_shim_inherits_open_files_of_the_engine_or_of_another_shim(tmp_path: Path, gate: Path) -> None:
    """The event loop of the engine passes its open files on to child processes; shims that share them hang."""

    async def main() -> list[list[str]]:
        runtime = ProcessRuntime(tmp_path / "processes", real_world().now)
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        waiting = [ContainerSpec(name=f"job-{number}", command=("cat", str(gate))) for number in range(8)]
        started = await asyncio.gather(*(runtime.start(container) for container in waiting))
        files_by_shim = [open_files(parent(each.runtime_id)) for each in started]
        await asyncio.gather(*(runtime.stop(container.name, 30) for container in waiting))
        ended = await asyncio.gather(*(runtime.wait(container.name) for container in waiting))
        assert [each.code for each in ended] == [143] * 8
        server.close()
        await runtime.close()
        return files_by_shim

    for files in uvloop.run(main()):
        assert not [file for file in files if file.startswith("socket:")]
        assert len([file for file in files if file.endswith("/alive")]) == 1


def open_files(pid: int) -> list[str]:
    return [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]


async def test_an_engine_that_dies_while_it_writes_the_arguments_has_started_nothing(runtime: ProcessRuntime) -> None:
    directory = runtime._directory_of("job")
    directory.make()
    whole = shim_arguments.encode_arguments(directory.path, job("touch nothing"))
    for text in (b"", whole[:-3], whole[:9]):
        assert await run_shim(text)
    assert directory.read_leader() is None
    await runtime.start(job("exit 5"))
    assert (await runtime.wait("job")).code == 5


async def test_a_second_shim_in_one_directory_starts_nothing(runtime: ProcessRuntime, gate: Path) -> None:
    container = job(f"echo once; cat {gate}; exit 7")
    await runtime.start(container)
    second = shim_arguments.encode_arguments(runtime._directory_of("job").path, job("echo twice"))
    assert await run_shim(second) == b""
    await asyncio.to_thread(gate.write_text, "")
    assert (await runtime.wait("job")).code == 7
    assert await run_shim(second) == b""
    assert await read_output(runtime) == ["once"]


async def test_an_exit_counts_only_after_its_shim_has_ended(runtime: ProcessRuntime) -> None:
    await runtime.start(job("exit 5"))
    await runtime.wait("job")
    shim_lock = os.open(runtime._directory_of("job").alive, os.O_RDWR | os.O_NONBLOCK)
    fcntl.flock(shim_lock, fcntl.LOCK_EX)
    other_runtime = ProcessRuntime(runtime._directory, real_world().now)
    waiting = asyncio.create_task(other_runtime.wait("job"))
    await asyncio.sleep(0)
    assert not waiting.done()
    os.close(shim_lock)
    assert (await waiting).code == 5
    await other_runtime.close()


async def test_an_exit_is_read_even_if_the_fifo_of_its_shim_is_missing(runtime: ProcessRuntime) -> None:
    await runtime.start(job("exit 5"))
    await runtime.wait("job")
    runtime._directory_of("job").alive.unlink()
    assert (await runtime.wait("job")).code == 5


async def test_a_partly_removed_directory_contains_no_process(runtime: ProcessRuntime) -> None:
    await runtime.start(job("exit 5"))
    await runtime.wait("job")
    directory = runtime._directory_of("job")
    (directory.path / "started").unlink()
    (directory.path / "exit").unlink()
    assert (await runtime.wait("job")).code is None
    await runtime.remove("job")
    assert await runtime.names() == frozenset()


def test_output_waits_while_the_disk_is_full_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[int | OSError] = [3, OSError(28, "No space left on device"), OSError(122, "Disk quota exceeded"), 2]
    written: list[bytes] = []
    pauses: list[float] = []

    def write(_: int, data: bytes) -> int:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        written.append(data[:answer])
        return answer

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr("time.sleep", pauses.append)
    shim.write(1, b"hello")
    assert (b"".join(written), pauses) == (b"hello", [1, 1])


def test_another_disk_error_is_not_handled_as_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("waits for room"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        shim.write(-1, b"hello")


def test_a_descendant_that_cannot_be_killed_does_not_protect_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    main, foreign, adopted = 10, 11, 14
    alive, attempts = [main, foreign, 12, 13], list[int]()

    def kill(pid: int, number: int) -> None:
        attempts.append(pid)
        assert (number, len(attempts) < 10) == (signal.SIGKILL, True)
        if pid == foreign:
            raise PermissionError
        if pid == 13:
            alive.append(adopted)  # The shim becomes the parent of the children of an ended process.

    def wait(pid: int, _: int) -> tuple[int, int]:
        alive.remove(pid)
        return pid, 0

    monkeypatch.setattr(shim, "children", lambda: list(alive))
    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os, "waitpid", wait)
    shim.kill_descendants(main)
    assert (alive, sorted(attempts)) == ([main, foreign], [foreign, 12, 13, adopted])


def test_children_are_found_in_a_kernel_that_does_not_list_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_without_list(path: str, mode: str = "r") -> object:
        if path.endswith("/children"):
            raise FileNotFoundError
        return open(path, mode)

    monkeypatch.setattr(shim, "open", open_without_list, raising=False)
    with killed_at_end(subprocess.Popen(["sleep", "1000"])) as child:
        found = shim.children()
    assert child.pid in found


@pytest.mark.parametrize("file", ["started", "exit"])
async def test_a_restart_that_a_killed_engine_began_is_completed_or_left_undone(tmp_path: Path, file: str) -> None:
    """Before the first of the two files was removed, nothing had begun; after it, the next start completes it."""
    runtime = ProcessRuntime(tmp_path / "processes", real_world().now)
    job = ContainerSpec(name="job", command=("sh", "-c", "echo run; exit 3"))
    await runtime.start(job)
    assert (await runtime.wait("job")).code == 3
    (tmp_path / "processes/job/started").unlink()
    if file == "exit":
        (tmp_path / "processes/job/exit").unlink()
    else:
        assert (await runtime.wait("job")).code == 3
    next_engine = ProcessRuntime(tmp_path / "processes", real_world().now)
    await next_engine.start(job)
    assert (await next_engine.wait("job")).code == 3
    async with aclosing(next_engine.logs("job")) as lines:
        assert [line.text async for line in lines] == ["run", "run"]
    await runtime.close()
    await next_engine.close()
