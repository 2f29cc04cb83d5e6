"""The tests' files are kept in memory only where there is room for them."""

from pathlib import Path

from tests.temporary_files import find_memory_directory


def test_a_directory_without_room_is_not_used(tmp_path: Path) -> None:
    assert find_memory_directory(tmp_path, needed=0) == str(tmp_path)
    assert find_memory_directory(tmp_path, needed=2**62) == ""


def test_a_missing_directory_is_not_used(tmp_path: Path) -> None:
    assert find_memory_directory(tmp_path / "missing", needed=0) == ""
