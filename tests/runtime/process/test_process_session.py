"""What is left of a session is killed, and nothing else: the kernel gives the numbers of processes away again."""

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
    """The leader that a process is, or one that began some ticks earlier and had the same number."""
    return SessionLeader(process.pid, str(int(start_time(process.pid)) - earlier), boot(), 0)


async def test_a_session_is_ended(sleeper: "subprocess.Popen[bytes]") -> None:
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


async def test_a_process_that_may_not_be_killed_saves_no_other_one_of_its_session(
    pair: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.kill

    def kill(pid: int, number: int) -> None:
        if pid == pair.pid:
            raise PermissionError
        really(pid, number)

    monkeypatch.setattr(os, "kill", kill)
    async with asyncio.timeout(10):
        await process_session.end_session(leader(pair))
    assert process_session._members(leader(pair)) == [pair.pid]


async def test_a_process_that_got_the_number_of_an_ended_leader_is_left_alone(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    await process_session.end_session(leader(sleeper, earlier=1))
    assert sleeper.poll() is None
