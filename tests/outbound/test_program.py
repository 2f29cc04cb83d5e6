"""Programs: what they get, what they say when they fail, and that none outlives its time."""

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
class Watched:
    """The program that runs, and its time, which is over when a test says so."""

    process: asyncio.subprocess.Process | None = None
    time: asyncio.Timeout | None = None

    async def end_time(self) -> None:
        await until(lambda: self.time is not None)
        assert self.time is not None
        self.time.reschedule(asyncio.get_running_loop().time())


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    found, begin = Watched(), asyncio.create_subprocess_exec

    async def begun(*words: str, **options: Any) -> asyncio.subprocess.Process:
        found.process = await begin(*words, **options)
        return found.process

    def timeout(_seconds: float) -> asyncio.Timeout:
        found.time = asyncio.Timeout(None)
        return found.time

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begun)
    monkeypatch.setattr(asyncio, "timeout", timeout)
    return found


async def until(ready: Callable[[], bool]) -> None:
    """Wait for something that has no event of its own."""
    async with asyncio.Timeout(asyncio.get_running_loop().time() + 60):
        while not ready():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_command_line_gets_the_message_and_its_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    await ShellPrograms().run(f'(cat; echo "$SUBJECT") | tr a-z A-Z > {out}', b"the batch ", {"SUBJECT": "night"})
    assert out.read_text() == "THE BATCH NIGHT\n"


async def test_a_program_does_not_inherit_the_mail_servers_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_SMTP", "smtp://night:secret@mail.example")
    monkeypatch.setenv("OTHER", "kept")
    await ShellPrograms().run(f"env > {tmp_path / 'out'}", b"", {})
    written = (tmp_path / "out").read_text()
    assert "secret" not in written
    assert "OTHER=kept" in written


async def test_a_program_that_reads_nothing_is_no_failure() -> None:
    await ShellPrograms().run("exit 0", b"x" * 10_000_000, {})


@pytest.mark.parametrize("script", ["true", "exit 0", "head -c 131072 > /dev/null"])
def test_each_message_runs_its_program_once_however_much_of_it_is_read(tmp_path: Path, script: str) -> None:
    """On the loop of `up`, whose pipes fail in other ways than asyncio's own."""
    runs = tmp_path / "runs"

    async def deliver_all() -> None:
        programs = ShellPrograms()
        command = f"echo run >> {runs}; {script}"
        await asyncio.gather(*(programs.run(command, b"x" * 262_144, {}) for _ in range(60)))

    uvloop.run(deliver_all())
    assert runs.read_text().split() == ["run"] * 60


async def test_a_program_that_succeeded_is_not_run_again_for_what_it_left_running(
    tmp_path: Path, watched: Watched
) -> None:
    left = tmp_path / "left"
    running = asyncio.create_task(ShellPrograms().run(f"sleep 60 & echo $! > {left}; exit 0", b"", {}))
    await until(lambda: watched.process is not None and watched.process.returncode is not None)
    await watched.end_time()
    await running
    assert ends(int(left.read_text()), within=60)


async def test_of_what_a_program_complains_the_end_is_kept() -> None:
    with pytest.raises(DeliveryFailed, match=r"failed with exit code 3: .*the end"):
        await ShellPrograms().run("head -c 50000000 /dev/zero >&2; echo the end >&2; exit 3", b"", {})


async def test_a_program_that_fails_says_why() -> None:
    with pytest.raises(DeliveryFailed, match="failed with exit code 3: no pager") as error:
        await ShellPrograms().run("echo no pager >&2; exit 3", b"", {})
    assert error.value.retryable


async def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(
    tmp_path: Path, watched: Watched
) -> None:
    started = tmp_path / "started"
    running = asyncio.create_task(ShellPrograms().run(f"sleep 60 & echo $! > {started}; wait", b"", {}))
    await until(lambda: started.exists() and started.read_text().endswith("\n"))
    await watched.end_time()
    with pytest.raises(DeliveryFailed, match="did not finish within"):
        await running
    assert ends(int(started.read_text()), within=60)


def ends(process: int, within: float) -> bool:
    """Whether a process is gone, or will be within some seconds: one that is killed dies when the kernel gets to it."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)


async def test_an_engine_may_run_nothing() -> None:
    with pytest.raises(DeliveryFailed, match="--no-commands") as error:
        await NoPrograms().run("true", b"", {})
    assert not error.value.retryable
