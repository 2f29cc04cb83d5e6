"""A backup is restored whole, or nothing changes; what it replaces is kept; no archive can do harm."""

import gzip
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BufferedReader, BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, dump_bytes, loads
from lamplighter.store.backups import restore as restores
from lamplighter.store.backups.restore import Restored, RestoreFailed, restore_backup
from lamplighter.store.data_directory import NoDatabase
from lamplighter.store.db import Store
from lamplighter.store.lock import DirectoryInUse, DirectoryLock
from lamplighter.store.migrate import latest_schema
from tests.manual_world import manual_world
from tests.store.backed_up_directory import NOW, back_up, content, make_directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that no test changes."""
    made = tmp_path_factory.mktemp("source") / "data"
    make_directory(made)
    return made


@pytest.fixture(scope="module")
def archive_file(directory: Path) -> Path:
    """A backup of that directory."""
    made = directory.with_name("backup.tar.gz")
    back_up(directory, made)
    return made


@pytest.fixture(scope="module")
def archive(archive_file: Path) -> bytes:
    return archive_file.read_bytes()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "restored"


def restore(archive: bytes, target: Path, *, force: bool = False, now: int = NOW + 5) -> Restored:
    return restore_backup(BufferedReader(BytesIO(archive)), None, target, now, force=force)


def shared_modes(directory: Path) -> set[int]:
    """Return the modes of files that others than the owner can use."""
    modes = (each.stat().st_mode for each in (directory, *directory.rglob("*")))
    return {mode for mode in modes if mode & 0o77}


def repacked(archive: bytes, change: Callable[[str, bytes], Iterator[tuple[tarfile.TarInfo, bytes]]]) -> bytes:
    """Return an archive whose members are what `change` makes of the members of another one."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=packed, mode="w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            for made, body in change(member.name, file.read()):
                made.size = len(body)
                new.addfile(made, io.BytesIO(body))
    return packed.getvalue()


def with_manifest(archive: bytes, **changes: Json) -> bytes:
    """Return an archive with another manifest."""

    def change(name: str, body: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        yield tarfile.TarInfo(name), dump_bytes(loads(body) | changes) if name == "manifest.json" else body

    return repacked(archive, change)


async def test_a_restored_directory_has_what_was_backed_up_and_an_engine_opens_it(
    directory: Path, archive: bytes, target: Path
) -> None:
    restored = restore(archive, target)
    assert (restored.identity.engine, restored.created, restored.aside) == ("the engine", NOW, None)
    assert content(target) == content(directory)
    assert shared_modes(target) == set()
    store = Store(target, manual_world())
    assert store.reader.rows("SELECT name FROM engine") == [("the engine",)]
    assert store.reader.rows("SELECT backup, restored FROM restores") == [(NOW, NOW + 5)]
    await store.close()


@pytest.mark.parametrize("with_wal", [False, True])
def test_a_copied_database_is_restored_with_its_wal(
    directory: Path, target: Path, tmp_path: Path, with_wal: bool
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes((directory / "lamplighter.db").read_bytes())
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL" if with_wal else "PRAGMA journal_mode=DELETE")
        connection.execute("UPDATE engine SET name = 'copied'")
        with copy.open("rb") as source:
            restored = restore_backup(source, copy, target, NOW, force=False)
    assert restored.identity.engine == "copied"
    assert sorted(os.listdir(target)) == ["lamplighter.db", "lock"]


def test_a_directory_with_a_database_is_kept_unless_it_may_be_set_aside(
    directory: Path, archive: bytes, target: Path
) -> None:
    make_directory(target)
    (target / "sns" / "key.pem").write_text("another key")
    before = content(target)
    with pytest.raises(RestoreFailed, match=r"has a database already.*--force"):
        restore(archive, target)
    assert content(target) == before
    restored = restore(archive, target, force=True)
    assert restored.aside is not None
    assert content(target) == content(directory)
    assert content(restored.aside) == before
    assert (target / "processes" / "job-main" / "log").exists()
    assert (target / "notes.txt").exists()
    assert not (target / "step").exists()


def test_output_that_a_backup_does_not_have_stays_where_it_is(directory: Path, target: Path, tmp_path: Path) -> None:
    without = back_up(directory, tmp_path / "small.tar.gz", output=False)
    make_directory(target)
    restore(without, target, force=True)
    assert content(target) == content(directory)


@pytest.mark.parametrize("kind", ["backup", "database"])
def test_the_objects_of_a_replaced_database_are_set_aside_with_it(
    archive: bytes, directory: Path, target: Path, kind: str
) -> None:
    """The next start deletes the objects that no row of the restored database names."""
    shutil.copytree(directory, target)
    (target / "objects" / "ab").mkdir(parents=True)
    (target / "objects" / "ab" / "abcd").write_bytes(b"content")
    source = archive if kind == "backup" else (directory / "lamplighter.db").read_bytes()
    aside = restore(source, target, force=True).aside
    assert aside is not None
    assert (aside / "objects" / "ab" / "abcd").read_bytes() == b"content"
    assert (target / "objects" / "ab" / "abcd").exists() is (kind == "database"), "a copied database may name it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can restore for another user")
def test_files_that_root_restores_belong_to_the_owner_of_the_directory(archive: bytes, target: Path) -> None:
    make_directory(target)
    for each in (target, *target.rglob("*")):
        os.chown(each, 4711, 4712)
    restore(archive, target, force=True)
    assert {(each.stat().st_uid, each.stat().st_gid) for each in target.rglob("*")} == {(4711, 4712)}


def test_nothing_is_restored_under_a_running_engine(archive: bytes, target: Path) -> None:
    lock = DirectoryLock(target)
    lock.write_holder()
    with pytest.raises(DirectoryInUse, match="stop it first"):
        restore(archive, target, force=True)
    lock.release()
    assert os.listdir(target) == ["lock"]


def test_a_restore_that_dies_while_it_replaces_files_can_be_repeated(
    directory: Path, archive: bytes, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are renamed one after another, the database last: at no point can an engine start on a mixture."""
    rename = Path.rename
    for survived in range(12):
        make_directory(target) if not target.exists() else None
        renames: list[Path] = []

        def die_after(path: Path, to: Path, renames: list[Path] = renames, survived: int = survived) -> Path:
            if len(renames) == survived:
                raise KeyboardInterrupt
            renames.append(path)
            return rename(path, to)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", die_after)
            try:
                restore(archive, target, force=True, now=NOW + survived)
            except KeyboardInterrupt:
                pass
            else:
                break
        if not (target / "lamplighter.db").exists():
            with pytest.raises(NoDatabase):
                Store(target, manual_world())
    assert survived > 5
    assert content(target) == content(directory)


KILLED_RESTORE = """
import os, sys
from pathlib import Path
from lamplighter.store.backups.restore import restore_backup
archive, target, survived, rename, renames = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path.rename, []
def die_after(path, to):
    if len(renames) == survived:
        os._exit(9)
    renames.append(path)
    return rename(path, to)
Path.rename = die_after
restore_backup(archive.open("rb"), archive, target, 1, force=False)
"""
"""A restore that is killed: unlike an exception, it leaves everything as it is."""


def test_no_engine_starts_empty_where_a_restore_into_a_new_directory_was_killed(
    directory: Path, archive_file: Path, tmp_path: Path
) -> None:
    for survived in range(12):
        target = tmp_path / str(survived)
        arguments = [sys.executable, "-c", KILLED_RESTORE, str(archive_file), str(target), str(survived)]
        if subprocess.run(arguments, check=False).returncode == 0:
            break
        with pytest.raises(NoDatabase):
            Store(target, manual_world())
        restore(archive_file.read_bytes(), target)
        assert content(target) == content(directory)
    assert survived > 3


@given(place=st.integers(0, 2**40) | st.integers(0, 40), change=st.integers(1, 255))
def test_an_archive_with_a_changed_byte_is_refused_or_makes_no_difference(
    directory: Path, archive_file: Path, tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    """Some bytes of gzip's header mean nothing, and a compressed run of zeros can be written in several ways."""
    archive = archive_file.read_bytes()
    at = place % len(archive)
    changed = bytearray(archive)
    changed[at] ^= change
    target = tmp_path_factory.mktemp("flip") / "restored"
    try:
        restore(bytes(changed), target)
    except RestoreFailed:
        assert not target.exists()
    else:
        assert content(target) == content(directory)


@given(length=st.integers(0, 2**40))
def test_a_shortened_archive_is_refused(
    archive_file: Path, tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    archive = archive_file.read_bytes()
    target = tmp_path_factory.mktemp("short") / "restored"
    with pytest.raises(RestoreFailed):
        restore(archive[: length % len(archive)], target)
    assert not target.exists()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../evil",
            "/tmp/evil",
            "output/../../evil",
            "output/./x",
            "output//x",
            "output",
            "sns",
            "lock",
            "processes/a/b",
        ),
        *(
            "aside-1/x",
            "lamplighter.db-wal",
            "credentials/x",
            ".",
            "",
            "output/..",
            "mail/a/../../../evil",
            "output/x/",
        ),
    ],
)
def test_an_archive_with_a_name_that_no_backup_has_is_refused(archive: bytes, target: Path, name: str) -> None:
    def change(old: str, body: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        yield tarfile.TarInfo(old), body
        if old == "lamplighter.db":
            yield tarfile.TarInfo(name), b"harm"

    with pytest.raises(RestoreFailed, match=r"which is no file of a backup|damaged"):
        restore(repacked(archive, change), target)
    assert not target.exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_an_archive_with_anything_but_files_is_refused(
    archive: bytes, target: Path, tmp_path: Path, kind: bytes
) -> None:
    def change(old: str, body: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        yield tarfile.TarInfo(old), body
        if old == "manifest.json":
            made = tarfile.TarInfo("output/x")
            made.type, made.linkname = kind, str(tmp_path)
            yield made, b""

    with pytest.raises(RestoreFailed, match="which is no file of a backup"):
        restore(repacked(archive, change), target)
    assert os.listdir(tmp_path) == []


def test_a_file_that_occurs_twice_is_refused(archive: bytes, target: Path) -> None:
    def change(old: str, body: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        yield tarfile.TarInfo(old), body
        if old == "credentials":
            yield tarfile.TarInfo(old), b"others"

    with pytest.raises(RestoreFailed, match="'credentials' twice"):
        restore(repacked(archive, change), target)


def test_another_database_than_the_one_of_the_manifest_is_refused(archive: bytes, target: Path) -> None:
    with pytest.raises(RestoreFailed, match="not the one that was backed up"):
        restore(with_manifest(archive, digest="0" * 64), target)


def test_an_archive_of_a_newer_version_is_refused_with_that_version(
    directory: Path, archive: bytes, target: Path, tmp_path: Path
) -> None:
    with pytest.raises(RestoreFailed, match=r"lamplighter 9\.1\.0 made it in a newer format"):
        restore(with_manifest(archive, format=2, version="9.1.0"), target)
    newer = tmp_path / "newer.db"
    newer.write_bytes((directory / "lamplighter.db").read_bytes())
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {latest_schema() + 1}")
        connection.execute("INSERT INTO program_versions VALUES ('9.2.0', 9000000000000)")
    with pytest.raises(RestoreFailed, match=r"written by lamplighter 9\.2\.0 .*: use that version"):
        restore(newer.read_bytes(), target)
    assert not target.exists()


@pytest.mark.parametrize("found", [b"", b"text", gzip.compress(b"text", mtime=0), b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_neither_a_backup_nor_a_database_is_refused(target: Path, found: bytes) -> None:
    with pytest.raises(RestoreFailed):
        restore(found, target)
    assert not target.exists()


def test_a_packed_database_is_refused_with_the_command_that_unpacks_it(directory: Path, target: Path) -> None:
    packed = gzip.compress((directory / "lamplighter.db").read_bytes())
    with pytest.raises(RestoreFailed, match="a database that was packed with gzip: unpack it first, with gunzip"):
        restore(packed, target)
    assert not target.exists()


def test_a_full_disk_leaves_the_directory_as_it_was(
    archive: bytes, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_directory(target)
    before = content(target)

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restores, "unpack_archive", fail)
    with pytest.raises(RestoreFailed, match=r"\(no space left on device\)"):
        restore(archive, target, force=True)
    assert content(target) == before
    assert not (target / ".restore").exists()
