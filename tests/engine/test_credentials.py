"""The credentials of a data directory are made once, and are their owner's alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamplighter.engine.credentials import create_credentials, is_readable_by_others, load_credentials
from lamplighter.wire.access.credentials import InvalidCredentialsFile


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "data" / "credentials"
    create_credentials(file)
    first = load_credentials(file)
    create_credentials(file)
    assert load_credentials(file) == first
    assert list(file.parent.iterdir()) == [file]


def test_nobody_but_the_owner_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    create_credentials(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not is_readable_by_others(file)
    file.chmod(0o640)
    assert is_readable_by_others(file)


def test_those_who_make_them_at_once_get_the_same(tmp_path: Path) -> None:
    file = tmp_path / "credentials"

    def made(_: int) -> object:
        create_credentials(file)
        return load_credentials(file)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(made, range(16)))
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[default]\n", None])
def test_a_file_that_is_of_no_use_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "credentials"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidCredentialsFile, match=str(file)):
        load_credentials(file)
