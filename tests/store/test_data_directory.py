"""The data directory at the start: when an engine creates a database, when it refuses, and who can read the files."""

import os
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from lamplighter.store.data_directory import NoDatabase
from lamplighter.store.db import Store
from tests.manual_world import manual_world


@asynccontextmanager
async def open_store(directory: Path, *, new: bool = False) -> AsyncIterator[Store]:
    store = Store(directory, manual_world(), new=new)
    try:
        yield store
    finally:
        await store.close()


async def write_name(store: Store, name: str) -> None:
    await store.write(lambda tx: tx.execute("INSERT INTO engine (name) VALUES (?)", (name,)))


def read_names(store: Store) -> list[str]:
    return [name for (name,) in store.reader.rows("SELECT name FROM engine")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, int]:
    return {str(each.relative_to(directory)): stat.S_IMODE(each.lstat().st_mode) for each in directory.rglob("*")}


def set_aside_folders(directory: Path) -> list[Path]:
    return list(directory.glob("aside-*"))


@pytest.mark.parametrize("state", ["missing", "empty", "foreign", "of an older engine"])
async def test_no_database_is_created_if_there_was_one_before(directory: Path, state: str) -> None:
    async with open_store(directory) as store:
        await write_name(store, "first")
    database = directory / "lamplighter.db"
    database.rename(directory / "backup")
    if state == "empty":
        database.touch()
    if state == "foreign":
        with closing(sqlite3.connect(database)) as other:
            other.execute("CREATE TABLE theirs (id)")
    if state == "of an older engine":
        (directory / "lock").unlink()
        (directory / "output").mkdir()
    before = sorted({*os.listdir(directory), "lock"})
    for _ in range(2):
        with pytest.raises(NoDatabase, match="--new"):
            Store(directory, manual_world())
    assert sorted(os.listdir(directory)) == before
    (directory / "backup").rename(database)
    async with open_store(directory) as store:
        assert read_names(store) == ["first"]


def test_a_lost_database_is_reported_with_the_command_that_restores_it(directory: Path) -> None:
    directory.mkdir()
    (directory / "lamplighter.db-wal").write_bytes(b"a part")
    for database in ("missing", "empty"):
        options = " --force" if database == "empty" else ""
        with pytest.raises(NoDatabase) as error:
            Store(directory, manual_world())
        assert str(error.value) == (
            f"{directory}/lamplighter.db is {database}, although an engine has used this directory "
            f"(found: lamplighter.db-wal): restore a backup (`lamplighter restore FILE --data {directory}{options}`), "
            "name the right data directory (--data), or start with --new, which moves the remaining files aside and "
            "starts empty"
        )
        (directory / "lamplighter.db").touch()


async def test_an_empty_database_without_a_trace_of_an_engine_is_rejected_too(directory: Path) -> None:
    os.mkdir(directory)
    (directory / "lamplighter.db").touch()
    with pytest.raises(NoDatabase, match="is empty"):
        Store(directory, manual_world())


async def test_new_sets_existing_data_aside_and_deletes_nothing(directory: Path) -> None:
    async with open_store(directory) as store:
        await write_name(store, "first")
    (directory / "output" / "task").mkdir(parents=True)
    (directory / "output" / "task" / "main.log").write_text("one")
    for file in ("credentials", "jobs.yaml"):
        (directory / file).write_text(file)
    async with open_store(directory, new=True) as store:
        assert read_names(store) == []
        await write_name(store, "second")
    (aside,) = set_aside_folders(directory)
    assert sorted(os.listdir(aside)) == ["lamplighter.db", "output"]
    assert (aside / "output" / "task" / "main.log").read_text() == "one"
    assert (directory / "credentials").read_text() == "credentials"
    assert (directory / "jobs.yaml").read_text() == "jobs.yaml"
    with closing(sqlite3.connect(aside / "lamplighter.db")) as old:
        assert old.execute("SELECT name FROM engine").fetchall() == [("first",)]
    async with open_store(directory) as store:
        assert read_names(store) == ["second"]


async def test_new_in_an_empty_directory_sets_nothing_aside(directory: Path) -> None:
    async with open_store(directory, new=True) as store:
        await write_name(store, "first")
    assert set_aside_folders(directory) == []


@pytest.mark.parametrize("files", [(), ("lamplighter.db",)])
async def test_a_first_start_that_was_killed_early_can_be_repeated(directory: Path, files: tuple[str, ...]) -> None:
    os.mkdir(directory)
    (directory / "lock").write_text("4711\nnew\n")
    for name in files:
        (directory / name).touch()
    async with open_store(directory) as store:
        await write_name(store, "first")
    assert (directory / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.usefixtures("umask")
async def test_created_files_are_accessible_only_to_the_owner_under_any_umask(directory: Path) -> None:
    async with open_store(directory) as store:
        await write_name(store, "first")
        assert modes(directory) == dict.fromkeys(
            ("lamplighter.db", "lamplighter.db-wal", "lamplighter.db-shm", "lock"), 0o600
        )
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700


async def test_the_start_closes_the_engine_s_files_to_others_and_changes_no_other_file(directory: Path) -> None:
    async with open_store(directory) as store:
        await write_name(store, "first")
        copy = directory.with_name("left")
        shutil.copytree(directory, copy)  # with its WAL, as after kill -9
    engine_files = (
        "mail/a.eml",
        "output/task/main.log",
        "processes/job/log",
        "sns/key.pem",
        "credentials",
        "aside-1/x",
    )
    for name in (*engine_files, "theirs/file", "jobs.yaml"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("x")
    (copy / "output" / "link").symlink_to(copy / "jobs.yaml")
    for each in (copy, *copy.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() else 0o644)
    async with open_store(copy):
        found = modes(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    unchanged = {"theirs": 0o755, "theirs/file": 0o644, "jobs.yaml": 0o644}
    assert {name: found[name] for name in unchanged} == unchanged
    for name, mode in found.items():
        if name not in unchanged and name != "output/link":
            assert mode == (0o700 if (copy / name).is_dir() else 0o600), name


async def test_a_directory_that_is_shared_with_others_stays_shared_and_is_reported(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkdir(directory)
    os.chmod(directory, 0o1777)
    async with open_store(directory):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o1777
        assert stat.S_IMODE((directory / "lamplighter.db").stat().st_mode) == 0o600
    assert "is shared with other users" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
async def test_a_directory_of_another_user_is_reported(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkdir(directory)
    os.chown(directory, 4711, -1)
    async with open_store(directory):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o755
    assert "belongs to another user (4711)" in caplog.text


async def test_an_engine_that_stops_does_not_touch_a_new_engine_s_files_at_its_former_path(directory: Path) -> None:
    """SQLite deletes its WAL when it closes, but must not delete another file at the same path."""
    first = Store(directory, manual_world())
    await write_name(first, "first")
    os.rename(directory, directory.with_name("away"))
    async with open_store(directory) as second:
        await write_name(second, "second")
        await first.close()
        assert second.find_file_problem() == ""
        assert (directory / "lamplighter.db-wal").stat().st_size > 0
    async with open_store(directory.with_name("away")) as reopened:
        assert read_names(reopened) == ["first"]
