"""The files of objects: what fails leaves nothing on the disk."""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.services.s3 import object_files
from lamplighter.services.s3.object_files import FileMissing, ObjectFiles
from lamplighter.store.data_directory import OBJECTS
from tests.manual_world import manual_world


def test_a_file_that_cannot_be_written_to_its_end_is_deleted(tmp_path: Path) -> None:
    """A full disk gets its room back, before the next start too."""

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise OSError(28, "No space left on device")

    with pytest.raises(Unavailable, match="no space left"):
        ObjectFiles(tmp_path, manual_world(), lambda _name: False).write(pieces())
    assert [path for path in (tmp_path / OBJECTS).rglob("*") if path.is_file()] == []


def test_an_object_may_have_more_copies_than_a_file_has_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that allows no further name for a file gets a second file."""

    def refuse(_source: object, _target: object) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    files = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    stored = files.write([b"content"])
    monkeypatch.setattr(os, "link", refuse)
    assert files.open(files.link(stored.name), 0, 7).read() == b"content"


@pytest.mark.parametrize("error", [None, errno.EXDEV])
def test_parts_are_joined_with_and_without_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None
) -> None:
    """Some file systems do not let the kernel copy."""

    def refuse(*_args: object, **_options: object) -> int:
        raise OSError(error, "refused")

    files = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    parts = [(files.write([text]).name, len(text)) for text in (b"first ", b"", b"second")]
    if error is not None:
        monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    assert files.open(files.join(parts), 0, 12).read() == b"first second"


def test_a_start_deletes_no_file_while_a_backup_runs(tmp_path: Path) -> None:
    """The backup copies the files that its rows name, though the engine has deleted the rows meanwhile."""
    files = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    name = files.write([b"content"]).name
    backup = os.open(tmp_path / OBJECTS, os.O_RDONLY)
    fcntl.flock(backup, fcntl.LOCK_SH)
    later = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    later.begin_sweep()
    later.sweep(lambda _name: False)
    assert files.open(name, 0, 7).read() == b"content"
    os.close(backup)
    later._delete([])
    with pytest.raises(FileMissing):
        files.open(name, 0, 7)


def test_a_file_whose_name_cannot_be_synced_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request will name it: each one is refused."""
    files = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    stored = files.write([b"content"])

    def fail(path: Path) -> None:
        if path.name != OBJECTS:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(object_files, "sync_directory", fail)
    with pytest.raises(Unavailable, match="input/output error"):
        files.link(stored.name)
    assert [path.name for path in (tmp_path / OBJECTS).rglob("*") if path.is_file()] == [stored.name]


def test_deletions_in_a_directory_that_is_gone_are_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No caller sees an error of the thread that deletes."""
    ObjectFiles(tmp_path / "gone", manual_world(), lambda _name: False)._delete(["name"])
    assert caplog.messages == ["files of deleted objects are left: No such file or directory"]


def test_only_the_owner_of_the_directory_can_read_the_files(tmp_path: Path) -> None:
    files = ObjectFiles(tmp_path, manual_world(), lambda _name: False)
    files.join([(files.write([b"content"]).name, 7)])
    made = [path for path in (tmp_path / OBJECTS).rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert len(made) == 2
