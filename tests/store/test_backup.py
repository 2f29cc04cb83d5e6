"""A backup is whole or absent, only its owner can read it, and it has all that a restored engine needs."""

import errno
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from lamplighter.store.backups import backup as backups
from lamplighter.store.backups.backup import Backup, BackupFailed, write_backup_file, write_backup_stream
from tests.store.backed_up_directory import FILES, NOW, back_up, make_directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make_directory(tmp_path / "data")
    return tmp_path / "data"


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def test_a_backup_has_the_database_and_the_files_of_the_engine_and_nothing_of_the_machine(
    directory: Path, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar.gz"
    assert sorted(names(back_up(directory, target))) == sorted(["manifest.json", "lamplighter.db", *FILES])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    without = names(back_up(directory, target, output=False))
    assert sorted(without) == sorted(["manifest.json", "lamplighter.db", *(x for x in FILES if "output" not in x)])
    assert sorted(os.listdir(tmp_path)) == ["backup.tar.gz", "data"]


def test_a_stream_gets_the_same_backup_as_a_file(directory: Path, tmp_path: Path) -> None:
    stream = io.BytesIO()
    write_backup_stream(Backup(directory, lambda: NOW), stream)
    assert names(stream.getvalue()) == names(back_up(directory, tmp_path / "backup.tar.gz"))


def test_output_that_is_being_written_is_kept_up_to_its_last_whole_line(directory: Path, tmp_path: Path) -> None:
    (name,) = (each for each in FILES if each.startswith("output/"))
    (directory / name).write_bytes(FILES[name] + b'{"time":2,"str')
    with tarfile.open(fileobj=io.BytesIO(back_up(directory, tmp_path / "backup.tar.gz"))) as tar:
        found = tar.extractfile(name)
        assert found is not None
        assert found.read() == FILES[name]


def test_a_checkpoint_of_output_is_left_out_because_it_belongs_to_a_later_database(
    directory: Path, tmp_path: Path
) -> None:
    (name,) = (each for each in FILES if each.startswith("output/"))
    (directory / name).with_name(".main.checkpoint").write_bytes(b"x")
    assert not [each for each in names(back_up(directory, tmp_path / "backup.tar.gz")) if "checkpoint" in each]


def test_a_file_that_exists_is_replaced_only_on_request(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar.gz"
    target.write_text("precious")
    with pytest.raises(BackupFailed, match=r"exists already.*--force"):
        write_backup_file(Backup(directory, lambda: NOW), target, overwrite=False)
    assert target.read_text() == "precious"
    write_backup_file(Backup(directory, lambda: NOW), target, overwrite=True)
    assert "lamplighter.db" in names(target.read_bytes())


@pytest.mark.parametrize("step", ["copy_database", "write_archive"])
def test_a_full_disk_leaves_the_old_backup_and_nothing_else(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    before = back_up(directory, folder / "backup.tar.gz")

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(backups, step, fail)
    with pytest.raises(BackupFailed, match="no space left on device"):
        back_up(directory, folder / "backup.tar.gz")
    assert os.listdir(folder) == ["backup.tar.gz"]
    assert (folder / "backup.tar.gz").read_bytes() == before


def test_a_backup_that_was_killed_leaves_a_folder_that_the_next_one_uses(directory: Path, tmp_path: Path) -> None:
    left = tmp_path / ".backup.tar.gz.draft"
    left.mkdir()
    (left / "lamplighter.db").write_text("half")
    back_up(directory, tmp_path / "backup.tar.gz")
    assert sorted(os.listdir(tmp_path)) == ["backup.tar.gz", "data"]


def test_what_is_no_engine_s_folder_or_is_damaged_is_not_backed_up(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no engine has run on"):
        back_up(tmp_path, tmp_path / "backup.tar.gz")
    database = directory / "lamplighter.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2 :] = os.urandom(len(content) - len(content) // 2)
    database.write_bytes(content)
    with pytest.raises(BackupFailed, match="malformed"):
        back_up(directory, tmp_path / "backup.tar.gz")
    assert not (tmp_path / "backup.tar.gz").exists()
