"""An upgrade keeps a copy of the database; an older program refuses a newer database with words that help."""

import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from lamplighter import __version__
from lamplighter.store import db
from lamplighter.store.db import Store
from lamplighter.store.migrate import NewerData, latest_schema, migration_scripts, run_scripts
from lamplighter.store.program_versions import latest_version
from lamplighter.store.upgrade import NoRoomForCopy
from tests.manual_world import manual_world

OLD = 36


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory with a database of an earlier version."""
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "lamplighter.db", isolation_level=None)) as connection:
        run_scripts(connection, [sql for number, sql in migration_scripts() if number <= OLD], OLD)
        connection.execute("INSERT INTO engine (name) VALUES ('old')")
    return tmp_path / "data"


def copies(directory: Path) -> list[str]:
    """Return the names of the copies that upgrades have left."""
    return [each.name for each in directory.glob("*schema-*")]


async def open_and_close(directory: Path) -> None:
    await Store(directory, manual_world()).close()


def schema(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def set_schema(path: Path, number: int, version: str | None = None) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")
        if version is not None:
            connection.execute("INSERT INTO program_versions VALUES (?, 9000000000000)", (version,))


async def test_the_database_from_before_an_upgrade_is_kept_until_the_next_one(directory: Path) -> None:
    (directory / "lamplighter.db.schema-12").write_text("the copy of an earlier upgrade")
    await open_and_close(directory)
    copy = directory / f"lamplighter.db.schema-{OLD}"
    assert schema(copy) == OLD
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name FROM engine").fetchall() == [("old",)]
    assert schema(directory / "lamplighter.db") == latest_schema()
    await open_and_close(directory)
    assert copies(directory) == [copy.name]


async def test_an_upgrade_without_room_for_the_copy_does_not_start(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1_000_000))
    with pytest.raises(NoRoomForCopy, match="0 MiB are free; make room"):
        Store(directory, manual_world())
    assert schema(directory / "lamplighter.db") == OLD
    assert copies(directory) == []


async def test_an_upgrade_that_fails_leaves_the_database_and_its_copy(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> Iterator[None]:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(db, "migrate", fail)
        with pytest.raises(db.DamagedData, match="disk is full"):
            Store(directory, manual_world())
    assert schema(directory / "lamplighter.db") == schema(directory / f"lamplighter.db.schema-{OLD}") == OLD
    await open_and_close(directory)
    assert schema(directory / "lamplighter.db") == latest_schema()


async def test_a_new_database_and_one_of_this_version_are_not_copied(tmp_path: Path) -> None:
    await open_and_close(tmp_path)
    await open_and_close(tmp_path)
    assert copies(tmp_path) == []


async def test_the_version_that_opened_a_database_last_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[str | None]()
    for version in ("1.0.0", "1.1.0", "1.1.0", "1.0.0"):
        with monkeypatch.context() as patched:
            patched.setattr(db, "__version__", version)
            await open_and_close(tmp_path)
        with closing(sqlite3.connect(tmp_path / "lamplighter.db")) as connection:
            found.append(latest_version(connection))
    assert found == ["1.0.0", "1.1.0", "1.1.0", "1.0.0"]


@pytest.mark.parametrize("version", ["9.1.0", None])
async def test_a_newer_database_is_refused_with_what_to_do(tmp_path: Path, version: str | None) -> None:
    await open_and_close(tmp_path)
    database = tmp_path / "lamplighter.db"
    set_schema(database, latest_schema() + 1, version)
    before = database.read_bytes()
    with pytest.raises(NewerData) as refused:
        Store(tmp_path, manual_world())
    writer = "lamplighter 9.1.0" if version else "a newer version of lamplighter"
    assert f"was written by {writer} (schema {latest_schema() + 1})" in str(refused.value)
    assert f"this is lamplighter {__version__}" in str(refused.value)
    assert "install that version again, or go back to a backup from before the upgrade" in str(refused.value)
    assert database.read_bytes() == before


async def test_the_refusal_names_the_copy_from_before_the_upgrade_which_can_be_restored(tmp_path: Path) -> None:
    await open_and_close(tmp_path)
    copy = tmp_path / f"lamplighter.db.schema-{latest_schema()}"
    shutil.copy(tmp_path / "lamplighter.db", copy)
    set_schema(tmp_path / "lamplighter.db", latest_schema() + 1, "9.1.0")
    with pytest.raises(NewerData, match=re.escape(f"`lamplighter restore {copy} --data {tmp_path} --force`")):
        Store(tmp_path, manual_world())
