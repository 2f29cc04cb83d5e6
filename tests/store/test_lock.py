"""The lock of a data directory: it goes with its engine, also while a child of that engine has the file open."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamplighter.store import lock
from lamplighter.store.lock import DirectoryInUse, DirectoryLock

ENGINE = """
import os, signal, sys
from pathlib import Path
from lamplighter.store.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
lock.write_holder(new=False)
if os.fork() == 0:  # As between fork and exec: the child has all files of its parent.
    sys.stdin.read()
    os._exit(0)
if sys.argv[2] == "releases":
    lock.release()
print(os.getpid(), flush=True)
signal.pause()
"""
"""An engine that is starting a program; the child goes on until its input ends."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a start makes, none of which takes time."""
    found: list[float] = []
    monkeypatch.setattr(lock, "sleep", found.append)
    return found


@contextmanager
def engine(directory: Path, ends: str) -> Iterator["subprocess.Popen[str]"]:
    """An engine that holds the directory and is starting a program, until the block ends."""
    command = [sys.executable, "-c", ENGINE, str(directory), ends]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert int(process.stdout.readline()) == process.pid
            if ends == "is killed":
                process.kill()
                process.wait()
            yield process
        finally:
            process.kill()


def test_a_lock_that_a_killed_engine_left_to_a_child_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine(tmp_path, "is killed") as killed:
        pauses: list[float] = []

        def let_the_child_go_on(seconds: float) -> None:
            pauses.append(seconds)
            assert killed.stdin is not None
            assert killed.stdout is not None
            killed.stdin.close()
            assert killed.stdout.read() == ""  # The child had it open, too: it has ended.

        monkeypatch.setattr(lock, "sleep", let_the_child_go_on)
        taken = DirectoryLock(tmp_path)
        assert pauses
        assert taken.was_used
        taken.release()


def test_a_lock_that_a_process_of_an_ended_engine_keeps_is_refused_with_what_to_do(
    tmp_path: Path, pauses: list[float]
) -> None:
    with (
        engine(tmp_path, "is killed") as killed,
        pytest.raises(DirectoryInUse, match=rf"process {killed.pid}\) has ended, but .* end that process"),
    ):
        DirectoryLock(tmp_path)
    assert len(pauses) == lock.MAX_LOCK_ATTEMPTS


def test_a_lock_whose_engine_lives_is_refused_at_once(tmp_path: Path, pauses: list[float]) -> None:
    with (
        engine(tmp_path, "lives") as living,
        pytest.raises(DirectoryInUse, match=rf"another engine \(process {living.pid}\) runs on"),
    ):
        DirectoryLock(tmp_path)
    assert pauses == []


@pytest.mark.parametrize("written", ["", "damage", "9" * 60])
def test_a_lock_of_an_engine_that_cannot_be_told_is_refused_at_once(
    tmp_path: Path, pauses: list[float], written: str
) -> None:
    held = DirectoryLock(tmp_path)
    (tmp_path / "lock").write_text(written)
    with pytest.raises(DirectoryInUse, match=r"another engine \(process .+\) runs on"):
        DirectoryLock(tmp_path)
    assert pauses == []
    held.release()


def test_a_lock_that_is_released_lets_another_engine_in_although_a_child_has_the_file_open(tmp_path: Path) -> None:
    with engine(tmp_path, "releases"):
        DirectoryLock(tmp_path).release()
