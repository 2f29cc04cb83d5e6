"""On the fake disk, a process dies before or after a commit, never while SQLite commits."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine_harness import EngineDied, EngineHarness
from tests.fake_disk import MAX_SECONDS, Disk


def open_disk_with_table(directory: Path) -> tuple[Disk, sqlite3.Connection]:
    disk = Disk()
    connection = disk.connect(directory / "database", read_only=False, first_start=True)
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE things (name)")
    return disk, connection  # type: ignore[return-value]  # it has the methods that a store needs


def test_a_connection_is_not_closed_while_it_commits(tmp_path: Path) -> None:
    disk, connection = open_disk_with_table(tmp_path)
    lock_states: list[bool] = []
    disk._connections[0].set_progress_handler(lambda: lock_states.append(disk.committing.locked()), 1)
    connection.execute("COMMIT")
    disk._connections[0].set_progress_handler(None, 1)
    assert lock_states
    assert all(lock_states)
    disk.release()


def test_a_dead_process_commits_nothing(tmp_path: Path) -> None:
    disk, connection = open_disk_with_table(tmp_path)
    with disk.committing:
        disk.release()
    with pytest.raises(sqlite3.ProgrammingError, match="gone"):
        connection.execute("COMMIT")
    assert disk.commits == 0


def test_the_threads_of_a_dead_engine_end_before_its_files_are_copied(tmp_path: Path) -> None:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    begun, dead = threading.Event(), threading.Event()
    files = [str(number) for number in range(200)]

    def write() -> None:
        begun.set()
        assert dead.wait(MAX_SECONDS)
        for name in files:
            new = harness.directory / f".{name}.new"
            new.touch()
            new.rename(harness.directory / "output" / name)

    def die(stop: Callable[[], object] = harness.disk.on_death) -> None:
        stop()
        dead.set()

    (harness.directory / "output").mkdir(exist_ok=True)
    harness._loops[-1].run_in_executor(None, write)
    assert begun.wait(MAX_SECONDS)
    harness.disk.on_death = die
    harness.die_at(1, before=False)
    with pytest.raises(EngineDied):
        harness.call("sqs", "CreateQueue", QueueName="queue")
    harness.up()
    assert sorted(path.name for path in (harness.directory / "output").iterdir()) == sorted(files)
    harness.close()
