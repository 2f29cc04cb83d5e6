"""The files of objects: what fails leaves nothing on the disk."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.services.s3.object_files import ObjectFiles
from lamplighter.store.data_directory import OBJECTS
from tests.manual_world import manual_world


def test_a_file_that_cannot_be_written_to_its_end_is_deleted(tmp_path: Path) -> None:
    """A full disk gets its room back, before the next start too."""

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise OSError(28, "No space left on device")

    with pytest.raises(Unavailable, match="no space left"):
        ObjectFiles(tmp_path, manual_world()).write(pieces())
    assert [path for path in (tmp_path / OBJECTS).rglob("*") if path.is_file()] == []


def test_an_object_may_have_more_copies_than_a_file_has_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that allows no further name for a file gets a second file."""

    def refuse(_source: object, _target: object) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    files = ObjectFiles(tmp_path, manual_world())
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

    files = ObjectFiles(tmp_path, manual_world())
    parts = [(files.write([text]).name, len(text)) for text in (b"first ", b"", b"second")]
    if error is not None:
        monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    assert files.open(files.join(parts), 0, 12).read() == b"first second"
