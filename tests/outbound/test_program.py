"""Programs: their input, their error messages, and the time limit after which they are killed."""

import asyncio
import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

from lamplighter.outbound.port import DeliveryFailed
from lamplighter.outbound.program import NoPrograms, ShellPrograms


@dataclass(slots=True)
class RunningProgram:
    """The running program, and its time limit, which a test lets expire."""

    process: asyncio.subprocess.Process | None = None
    time: asyncio.Timeout | None = None

    async def expire(self) -> None:
        await until(lambda: self.time is not None)
        assert self.time is not None
        self.time.reschedule(asyncio.get_running_loop().time())


@pytest.fixture
def running_program(monkeypatch: pytest.MonkeyPatch) -> RunningProgram:
    program, create = RunningProgram(), asyncio.create_subprocess_exec

    async def create_and_record(*words: str, **options: Any) -> asyncio.subprocess.Process:
        program.process = await create(*words, **options)
        return program.process

    def timeout(_seconds: float) -> asyncio.Timeout:
        program.time = asyncio.Timeout(None)
        return program.time

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create_and_record)
    monkeypatch.setattr(asyncio, "timeout", timeout)
    return program


async def until(ready: Callable[[], bool]) -> None:
    """Wait for a condition that has no event."""
    async with asyncio.Timeout(asyncio.get_running_loop().time() + 60):
        while not ready():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_command_gets_the_message_as_input_and_its_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    await ShellPrograms().run(f'(cat; echo "$SUBJECT") | tr a-z A-Z > {out}', b"the batch ", {"SUBJECT": "night"})
    assert out.read_text() == "THE BATCH NIGHT\n"


async def test_a_program_does_not_inherit_the_urls_of_mail_server_and_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_SMTP", "smtp://night:secret@mail.example")
    monkeypatch.setenv("LAMPLIGHTER_HEARTBEAT", "https://hc-ping.com/secret")
    monkeypatch.setenv("OTHER", "kept")
    await ShellPrograms().run(f"env > {tmp_path / 'out'}", b"", {})
    written = (tmp_path / "out").read_text()
    assert "secret" not in written
    assert "OTHER=kept" in written


async def test_a_program_that_does_not_read_its_input_succeeds() -> None:
    await ShellPrograms().run("exit 0", b"x" * 10_000_000, {})


@pytest.mark.parametrize("script", ["true", "exit 0", "head -c 131072 > /dev/null"])
def test_each_message_runs_its_program_once_even_if_it_is_not_fully_read(tmp_path: Path, script: str) -> None:
    """On uvloop, the loop of `up`, whose pipes fail in other ways than asyncio's."""
    runs = tmp_path / "runs"

    async def deliver_all() -> None:
        programs = ShellPrograms()
        command = f"echo run >> {runs}; {script}"
        await asyncio.gather(*(programs.run(command, b"x" * 262_144, {}) for _ in range(60)))

    uvloop.run(deliver_all())
    assert runs.read_text().split() == ["run"] * 60


async def test_a_program_that_exited_with_0_succeeds_although_a_child_still_runs(
    tmp_path: Path, running_program: RunningProgram
) -> None:
    child = tmp_path / "left"
    running = asyncio.create_task(ShellPrograms().run(f"sleep 60 & echo $! > {child}; exit 0", b"", {}))
    await until(lambda: running_program.process is not None and running_program.process.returncode is not None)
    await running_program.expire()
    await running
    assert ends_within(int(child.read_text()), seconds=60)


async def test_the_end_of_a_long_error_output_is_reported() -> None:
    with pytest.raises(DeliveryFailed, match=r"failed with exit code 3: .*the end"):
        await ShellPrograms().run("head -c 50000000 /dev/zero >&2; echo the end >&2; exit 3", b"", {})


async def test_a_failed_program_is_reported_with_its_error_output() -> None:
    with pytest.raises(DeliveryFailed, match="failed with exit code 3: no pager") as error:
        await ShellPrograms().run("echo no pager >&2; exit 3", b"", {})
    assert error.value.retryable


async def test_a_program_that_takes_too_long_is_killed_with_its_children(
    tmp_path: Path, running_program: RunningProgram
) -> None:
    child = tmp_path / "started"
    running = asyncio.create_task(ShellPrograms().run(f"sleep 60 & echo $! > {child}; wait", b"", {}))
    await until(lambda: child.exists() and child.read_text().endswith("\n"))
    await running_program.expire()
    with pytest.raises(DeliveryFailed, match="did not finish within"):
        await running
    assert ends_within(int(child.read_text()), seconds=60)


def ends_within(process: int, seconds: float) -> bool:
    """Return whether a process has ended or ends within some seconds; the kernel may end a killed process later."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


async def test_an_engine_with_no_commands_runs_no_program() -> None:
    with pytest.raises(DeliveryFailed, match="--no-commands") as error:
        await NoPrograms().run("true", b"", {})
    assert not error.value.retryable
