"""Secrets: the process, then `.env`."""

from pathlib import Path

import pytest

from lamplighter.cli.serving.secrets import Secrets
from lamplighter.jobs.document import JobFileError


def read(tmp_path: Path, text: str, **process: str) -> Secrets:
    file = tmp_path / ".env"
    file.write_text(text)
    secrets = Secrets(process)
    secrets.read(file)
    return secrets


def test_the_process_wins_over_the_file(tmp_path: Path) -> None:
    secrets = read(tmp_path, "A=file\nB=file\n", A="process", C="process")
    assert dict(secrets) == {"A": "process", "B": "file", "C": "process"}
    assert len(secrets) == 3


def test_the_file_is_read_as_everybody_s_is(tmp_path: Path) -> None:
    text = "# a comment\nexport A=1\nB='two words'\nC=\"line\\nline\"\nD=${A}2 # more\nE=\nF\n"
    assert dict(read(tmp_path, text)) == {"A": "1", "B": "two words", "C": "line\nline", "D": "12", "E": ""}


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    secrets = Secrets({})
    assert not secrets.read(tmp_path / ".env")
    assert dict(secrets) == {}


def test_a_file_that_is_wrong_is_told_with_its_lines_and_what_was_read_before_holds(tmp_path: Path) -> None:
    secrets = read(tmp_path, "A=1")
    file = tmp_path / ".env"
    file.write_text("A=2\n\n\n= 3\nB=4\n?? x\n")
    with pytest.raises(JobFileError) as caught:
        secrets.read(file)
    assert [each.place.line for each in caught.value.problems] == [4, 6]
    assert secrets["A"] == "1"


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(JobFileError, match="it is not UTF-8"):
        Secrets({}).read(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(JobFileError, match="is a directory"):
        Secrets({}).read(file)
