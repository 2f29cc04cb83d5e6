"""The disk of the tests: a process dies before or after a commit, never while SQLite is in it."""

import sqlite3
from pathlib import Path

import pytest

from tests.disk import Disk


def disk_with_a_row(directory: Path) -> tuple[Disk, sqlite3.Connection]:
    disk = Disk()
    connection = disk.connect(directory / "database", read_only=False, begins=True)
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
