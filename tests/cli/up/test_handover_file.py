"""The box's half of a move: a file that cannot be read or written is an error in one sentence, and stays as it is."""

import errno
from pathlib import Path

import pytest

from lamplighter.cli.up import handover_file
from lamplighter.cli.up.handover_file import HandoverFile, MoveUnderWay, UnreadableHandover, UnwritableHandover
from lamplighter.jobs.stack.handover import Handover
from lamplighter.store.data_directory import HANDOVER


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"\0" * 50,
        b"[]",
        b'{"p": 5}',
        b'{"p": {"handover": 7}}',
        b'{"p": {"handover": {"new": 1}}}',
    ],
)
def test_a_file_that_is_no_handover_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / HANDOVER).write_bytes(content)
    with pytest.raises(UnreadableHandover, match="restore it"):
        HandoverFile(tmp_path, "p").read()


def test_a_file_that_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / HANDOVER).mkdir()
    with pytest.raises(UnreadableHandover, match=r"cannot be read \(Is a directory\)"):
        HandoverFile(tmp_path, "p").read()


def test_a_full_disk_leaves_the_file_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = HandoverFile(tmp_path, "p")
    file.write(Handover("waits"))
    monkeypatch.setattr(handover_file, "write_file", fail)
    with pytest.raises(UnwritableHandover, match="No space left"):
        file.complete()
    assert (file.read(), file.is_done) == (Handover("waits"), False)


def test_one_move_of_a_box_holds_the_lock(tmp_path: Path) -> None:
    file = HandoverFile(tmp_path / "data", "p")
    with file.locked(), pytest.raises(MoveUnderWay), file.locked():
        pass
    with file.locked():
        pass
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableHandover, match="cannot be used"), HandoverFile(tmp_path / "file", "p").locked():
        pass
