"""The credentials of a data directory are created once, and only the owner can read them."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamplighter.engine.credentials import create_credentials, is_readable_by_others, load_credentials
from lamplighter.wire.access.credentials import InvalidCredentialsFile


def test_credentials_are_created_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "data" / "credentials"
    create_credentials(file)
    first = load_credentials(file)
    create_credentials(file)
    assert load_credentials(file) == first
    assert list(file.parent.iterdir()) == [file]


def test_only_the_owner_can_read_the_credentials(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    create_credentials(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not is_readable_by_others(file)
    file.chmod(0o640)
    assert is_readable_by_others(file)


def test_concurrent_creators_get_the_same_credentials(tmp_path: Path) -> None:
    file = tmp_path / "credentials"

    def create(_: int) -> object:
        create_credentials(file)
        return load_credentials(file)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(create, range(16)))
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[default]\n", None])
def test_an_invalid_credentials_file_is_named_in_the_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "credentials"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidCredentialsFile, match=str(file)):
        load_credentials(file)
