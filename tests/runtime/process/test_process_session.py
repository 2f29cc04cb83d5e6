"""What is left of a session is killed, and nothing else: the kernel gives the numbers of processes away again."""

import signal
import subprocess
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


async def test_a_process_that_got_the_number_of_an_ended_leader_is_left_alone(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    await process_session.end_session(leader(sleeper, earlier=1))
    assert sleeper.poll() is None
