"""The lock of a data directory is released when its engine ends, even if a child of the engine has the file open."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamplighter.store import lock
from lamplighter.store.lock import MOMENTARY_ATTEMPTS, DirectoryInUse, DirectoryLock, is_locked
from tests.killed_at_end import killed_at_end

ENGINE = """
import os, signal, sys
from pathlib import Path
from lamplighter.store.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
lock.write_holder()
if os.fork() == 0:  # As between fork and exec: the child has all files of its parent.
    sys.stdin.read()
    os._exit(0)
if sys.argv[2] == "releases":
    lock.release()
print(os.getpid(), flush=True)
signal.pause()
"""
"""An engine that is starting a program; the child runs until its input ends."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses during a start, none of which takes time."""
    found: list[float] = []
    monkeypatch.setattr(lock, "sleep", found.append)
    return found


@contextmanager
def run_engine(directory: Path, ends: str) -> Iterator["subprocess.Popen[str]"]:
    """Run an engine that holds the lock and is starting a program, until the block ends."""
    command = [sys.executable, "-c", ENGINE, str(directory), ends]
    with killed_at_end(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        if ends == "is killed":
            process.kill()
            process.wait()
        yield process


def test_a_start_waits_for_a_lock_that_a_child_of_a_killed_engine_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_engine(tmp_path, "is killed") as killed:
        pauses: list[float] = []

        def end_child(seconds: float) -> None:
            pauses.append(seconds)
            assert killed.stdin is not None
            assert killed.stdout is not None
            killed.stdin.close()
            assert killed.stdout.read() == ""  # The child also had the pipe open, so the child has ended.

        monkeypatch.setattr(lock, "sleep", end_child)
        taken = DirectoryLock(tmp_path)
        assert pauses
        assert taken.was_used
        taken.release()


def test_a_lock_that_a_process_of_an_ended_engine_holds_is_an_error_with_advice(
    tmp_path: Path, pauses: list[float]
) -> None:
    with (
        run_engine(tmp_path, "is killed") as killed,
        pytest.raises(DirectoryInUse, match=rf"process {killed.pid}\) has ended, but .* end that process"),
    ):
        DirectoryLock(tmp_path)
    assert len(pauses) == lock.MAX_LOCK_ATTEMPTS


def test_a_lock_of_a_running_engine_is_an_error_after_a_moment(tmp_path: Path, pauses: list[float]) -> None:
    with (
        run_engine(tmp_path, "lives") as living,
        pytest.raises(DirectoryInUse, match=rf"another engine \(process {living.pid}\) runs on"),
    ):
        DirectoryLock(tmp_path)
    assert pauses == [0.01] * MOMENTARY_ATTEMPTS


@pytest.mark.parametrize("content", ["", "damage", "9" * 60])
def test_a_lock_with_unreadable_content_is_an_error_after_a_moment(
    tmp_path: Path, pauses: list[float], content: str
) -> None:
    lock_of_engine = DirectoryLock(tmp_path)
    (tmp_path / "lock").write_text(content)
    with pytest.raises(DirectoryInUse, match=r"another engine \(process .+\) runs on"):
        DirectoryLock(tmp_path)
    assert pauses == [0.01] * MOMENTARY_ATTEMPTS
    lock_of_engine.release()


def test_a_released_lock_can_be_taken_although_a_child_has_the_file_open(tmp_path: Path) -> None:
    with run_engine(tmp_path, "releases"):
        DirectoryLock(tmp_path).release()


def test_a_start_waits_for_somebody_who_asks_whether_the_lock_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may name a process that lives: in a container, every engine has the same id."""
    (tmp_path / "lock").write_text("1\n")
    asking = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    monkeypatch.setattr(lock, "sleep", lambda _seconds: os.close(asking))
    DirectoryLock(tmp_path).release()


def test_whether_the_lock_is_held_can_be_asked_without_holding_it(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    held = DirectoryLock(tmp_path)
    assert is_locked(tmp_path)
    held.release()
    assert not is_locked(tmp_path)
    DirectoryLock(tmp_path).release()
