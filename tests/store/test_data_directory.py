"""The data directory at the start: where an engine begins, where it refuses to, and who can read what is kept."""

import os
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from lamplighter.base.world import manual_world
from lamplighter.store.data_directory import NoDatabase
from lamplighter.store.db import Store


@asynccontextmanager
async def opened(directory: Path, *, new: bool = False) -> AsyncIterator[Store]:
    store = Store(directory, manual_world(), new=new)
    try:
        yield store
    finally:
        await store.close()


async def note(store: Store, name: str) -> None:
    await store.write(lambda tx: tx.execute("INSERT INTO engine (name) VALUES (?)", (name,)))


def names(store: Store) -> list[str]:
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


def set_aside_in(directory: Path) -> list[Path]:
    return list(directory.glob("aside-*"))


@pytest.mark.parametrize("state", ["missing", "empty", "foreign", "of an older engine"])
async def test_nothing_is_begun_anew_where_there_was_a_database(directory: Path, state: str) -> None:
    async with opened(directory) as store:
        await note(store, "first")
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
    async with opened(directory) as store:
        assert names(store) == ["first"]


async def test_an_empty_database_without_a_trace_of_an_engine_is_refused_too(directory: Path) -> None:
    os.mkdir(directory)
    (directory / "lamplighter.db").touch()
    with pytest.raises(NoDatabase, match="is empty"):
        Store(directory, manual_world())


async def test_new_sets_aside_what_is_there_and_deletes_nothing(directory: Path) -> None:
    async with opened(directory) as store:
        await note(store, "first")
    (directory / "output" / "task").mkdir(parents=True)
    (directory / "output" / "task" / "main.log").write_text("one")
    for file in ("credentials", "jobs.yaml"):
        (directory / file).write_text(file)
    async with opened(directory, new=True) as store:
        assert names(store) == []
        await note(store, "second")
    (aside,) = set_aside_in(directory)
    assert sorted(os.listdir(aside)) == ["lamplighter.db", "output"]
    assert (aside / "output" / "task" / "main.log").read_text() == "one"
    assert (directory / "credentials").read_text() == "credentials"
    assert (directory / "jobs.yaml").read_text() == "jobs.yaml"
    with closing(sqlite3.connect(aside / "lamplighter.db")) as old:
        assert old.execute("SELECT name FROM engine").fetchall() == [("first",)]
    async with opened(directory) as store:
        assert names(store) == ["second"]


async def test_new_where_nothing_was_is_a_beginning_like_any_other(directory: Path) -> None:
    async with opened(directory, new=True) as store:
        await note(store, "first")
    assert set_aside_in(directory) == []


@pytest.mark.parametrize("left", [(), ("lamplighter.db",)])
async def test_a_first_start_that_was_killed_early_is_begun_again(directory: Path, left: tuple[str, ...]) -> None:
    os.mkdir(directory)
    (directory / "lock").write_text("4711\nnew\n")
    for name in left:
        (directory / name).touch()
    async with opened(directory) as store:
        await note(store, "first")
    assert (directory / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.usefixtures("umask")
async def test_what_is_made_is_for_the_owner_alone_whatever_the_umask(directory: Path) -> None:
    async with opened(directory) as store:
        await note(store, "first")
        assert modes(directory) == dict.fromkeys(
            ("lamplighter.db", "lamplighter.db-wal", "lamplighter.db-shm", "lock"), 0o600
        )
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700


async def test_what_was_open_to_others_is_closed_at_the_start_and_nothing_else_is_touched(directory: Path) -> None:
    async with opened(directory) as store:
        await note(store, "first")
        left = directory.with_name("left")
        shutil.copytree(directory, left)  # with its WAL, as kill -9 leaves it
    ours = ("mail/a.eml", "output/task/main.log", "processes/job/log", "sns/key.pem", "credentials", "aside-1/x")
    for name in (*ours, "theirs/file", "jobs.yaml"):
        (left / name).parent.mkdir(parents=True, exist_ok=True)
        (left / name).write_text("x")
    (left / "output" / "link").symlink_to(left / "jobs.yaml")
    for each in (left, *left.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() else 0o644)
    async with opened(left):
        found = modes(left)
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    kept_out = {"theirs": 0o755, "theirs/file": 0o644, "jobs.yaml": 0o644}
    assert {name: found[name] for name in kept_out} == kept_out
    for name, mode in found.items():
        if name not in kept_out and name != "output/link":
            assert mode == (0o700 if (left / name).is_dir() else 0o600), name


async def test_a_directory_that_is_shared_with_others_stays_so_and_is_named(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkdir(directory)
    os.chmod(directory, 0o1777)
    async with opened(directory):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o1777
        assert stat.S_IMODE((directory / "lamplighter.db").stat().st_mode) == 0o600
    assert "is shared with other users" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
async def test_a_directory_of_somebody_else_is_named(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkdir(directory)
    os.chown(directory, 4711, -1)
    async with opened(directory):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o755
    assert "belongs to another user (4711)" in caplog.text


async def test_an_engine_that_stops_touches_nothing_of_the_one_that_has_its_path_now(directory: Path) -> None:
    """SQLite deletes its WAL as it closes, but not what is at that path by now."""
    first = Store(directory, manual_world())
    await note(first, "first")
    os.rename(directory, directory.with_name("away"))
    async with opened(directory) as second:
        await note(second, "second")
        await first.close()
        assert second.find_file_problem() == ""
        assert (directory / "lamplighter.db-wal").stat().st_size > 0
    async with opened(directory.with_name("away")) as again:
        assert names(again) == ["first"]
