"""The disk of the tests: a process dies before or after a commit, never while SQLite is in it."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine_harness import EngineDied, EngineHarness
from tests.fake_disk import Disk


def disk_with_a_row(directory: Path) -> tuple[Disk, sqlite3.Connection]:
    disk = Disk()
    connection = disk.connect(directory / "database", read_only=False, first_start=True)
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE things (name)")
    return disk, connection  # type: ignore[return-value]  # as far as a store needs one


def test_a_connection_is_not_closed_while_it_commits(tmp_path: Path) -> None:
    disk, connection = disk_with_a_row(tmp_path)
    held: list[bool] = []
    disk._connections[0].set_progress_handler(lambda: held.append(disk.committing.locked()), 1)
    connection.execute("COMMIT")
    disk._connections[0].set_progress_handler(None, 1)
    assert held
    assert all(held)
    disk.release()


def test_a_process_that_is_gone_commits_nothing(tmp_path: Path) -> None:
    disk, connection = disk_with_a_row(tmp_path)
    with disk.committing:
        disk.release()
    with pytest.raises(sqlite3.ProgrammingError, match="gone"):
        connection.execute("COMMIT")
    assert disk.commits == 0


def test_a_thread_of_a_dead_engine_has_ended_when_its_files_are_copied_and_its_successor_begins(tmp_path: Path) -> None:
    site = EngineHarness(tmp_path / "data")
    site.up()
    begun, dead = threading.Event(), threading.Event()
    files = [str(number) for number in range(200)]

    def write() -> None:
        begun.set()
        assert dead.wait(20)
        for name in files:
            new = site.directory / f".{name}.new"
            new.touch()
            new.rename(site.directory / "output" / name)

    def die(stop: Callable[[], object] = site.disk.on_death) -> None:
        stop()
        dead.set()

    (site.directory / "output").mkdir(exist_ok=True)
    site._loops[-1].run_in_executor(None, write)
    assert begun.wait(20)
    site.disk.on_death = die
    site.die_at(1, before=False)
    with pytest.raises(EngineDied):
        site.call("sqs", "CreateQueue", QueueName="queue")
    site.up()
    assert sorted(path.name for path in (site.directory / "output").iterdir()) == sorted(files)
    site.close()
