"""Kill the remaining processes of a session and no other process, because the kernel reuses process ids."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lamplighter.runtime.process import process_session
from lamplighter.runtime.process.process_directory import SessionLeader
from lamplighter.runtime.process.shim import boot, start_time


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def leader(process: "subprocess.Popen[bytes]", earlier: int = 0) -> SessionLeader:
    """Return the leader that a process is, or that of an earlier process with the same id."""
    return SessionLeader(process.pid, str(int(start_time(process.pid)) - earlier), boot(), 0)


async def test_ending_a_session_kills_its_leader(sleeper: "subprocess.Popen[bytes]") -> None:
    await process_session.end_session(leader(sleeper))
    assert sleeper.wait() == -signal.SIGKILL


@pytest.fixture
def pair() -> Iterator["subprocess.Popen[bytes]"]:
    """A session of two processes."""
    script = "import os, time; os.fork(); os.write(1, b'.'); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while len(process_session._members(leader(process))) < 2:
        assert process.stdout.read(1) == b"."
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


async def test_a_process_that_cannot_be_killed_does_not_protect_the_others_of_its_session(
    pair: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    original_kill = os.kill

    def kill(pid: int, number: int) -> None:
        if pid == pair.pid:
            raise PermissionError
        original_kill(pid, number)

    monkeypatch.setattr(os, "kill", kill)
    async with asyncio.timeout(60):
        await process_session.end_session(leader(pair))
    assert process_session._members(leader(pair)) == [pair.pid]


async def test_a_process_that_reuses_the_id_of_an_ended_leader_is_not_killed(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    await process_session.end_session(leader(sleeper, earlier=1))
    assert sleeper.poll() is None
