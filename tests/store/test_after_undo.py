"""What a job made outside the database is removed when its writes are undone, and only when no engine can find them."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.store import db
from lamplighter.store.db import Store, Tx
from tests.fake_disk import Disk
from tests.manual_world import manual_world


class FailingDisk(Disk):
    """A disk whose next commit fails with an error of SQLite."""

    error: sqlite3.OperationalError | None = None

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return Disk.commit(self, connection)


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


@pytest.fixture
async def store(tmp_path: Path, disk: FailingDisk) -> AsyncIterator[Store]:
    with mock.patch.object(db, "_connect", disk.connect):
        opened = Store(tmp_path, manual_world())
    yield opened
    await opened.close()


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("the disk")
    error.sqlite_errorcode = code
    return error


async def test_the_callback_of_a_job_that_fails_is_called_at_once_and_of_no_other_job(store: Store) -> None:
    undone: list[str] = []

    def fail(tx: Tx) -> None:
        tx.after_undo.append(lambda: undone.append("failed"))
        raise ValueError

    good = store.write(lambda tx: tx.after_undo.append(lambda: undone.append("good")))
    failed = store.write(fail)
    await good
    with pytest.raises(ValueError):  # noqa: PT011 - the test's own error
        await failed
    assert undone == ["failed"]


async def test_a_block_that_is_undone_calls_its_own_callbacks_only(store: Store) -> None:
    undone: list[str] = []

    def job(tx: Tx) -> None:
        tx.after_undo.append(lambda: undone.append("outside"))
        with suppress(KeyError), tx.nested():
            tx.after_undo.append(lambda: undone.append("inside"))
            raise KeyError

    await store.write(job)
    assert undone == ["inside"]


async def test_a_full_disk_calls_the_callbacks_without_another_commit(store: Store, disk: FailingDisk) -> None:
    """The disk has no room for another commit before the callback has made some."""
    undone: list[str] = []
    disk.error = sqlite_error(sqlite3.SQLITE_FULL)
    with pytest.raises(Unavailable):
        await store.write(lambda tx: tx.after_undo.append(lambda: undone.append("file")))
    assert undone == ["file"]


async def test_a_commit_whose_sync_failed_calls_the_callbacks_after_the_next_commit(
    store: Store, disk: FailingDisk
) -> None:
    """The commit may be in the WAL, where an engine that is started now would find it, with its rows."""
    undone: list[str] = []
    disk.error = sqlite_error(sqlite3.SQLITE_IOERR_FSYNC)
    with pytest.raises(Unavailable):
        await store.write(lambda tx: tx.after_undo.append(lambda: undone.append("file")))
    disk.error = sqlite_error(sqlite3.SQLITE_FULL)
    with pytest.raises(Unavailable):
        await store.write(lambda _tx: None)
    assert undone == []
    await store.write(lambda _tx: None)
    assert undone == ["file"]
