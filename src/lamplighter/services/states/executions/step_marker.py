"""Which step is under way in the engine's own process: a few bytes of a file that a killed process leaves as they were.

They are not synced, so that setting them costs two microseconds, and as much again where another thread takes the
interpreter meanwhile: what is marked already is not written again. A power cut may lose them: a step that brought the
whole machine down is not found out by them. A disk that refuses them holds nothing up.
"""

import os
from pathlib import Path

from lamplighter.store.db import Reader, Tx

LENGTH = 64
"""Bytes: the name of a subject, then zeros."""
NONE = bytes(LENGTH)
CLOSED = -1


class StepMarker:
    """The mark of one engine; `left` is what its predecessor died in."""

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / "step", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        found = os.pread(self._file, LENGTH, 0)
        self._marked = found or NONE
        self.left = found.rstrip(b"\0").decode(errors="replace")
        self.clear()

    def under_way(self, subject: str) -> "UnderWay":
        """Have a successor know that this step was under way, if this process dies in the block."""
        return UnderWay(self, subject)

    def set(self, subject: str) -> bool:
        """Mark a step until the mark is cleared or another one is set; whether it was not marked already."""
        return self._write(subject.encode().ljust(LENGTH, b"\0"))

    def clear(self) -> None:
        """Say that no step is under way."""
        self._write(NONE)

    def close(self) -> None:
        """Clear the mark and let go of the file."""
        self.clear()
        os.close(self._file)
        self._file = CLOSED

    def _write(self, name: bytes) -> bool:
        if name == self._marked:
            return False
        self._marked = name
        try:  # noqa: SIM105 - each step comes by here twice, and `suppress` costs as much as the write
            os.pwrite(self._file, name, 0)
        except OSError:
            pass
        return True


class UnderWay:
    """The block of one step; a class, since a generator costs three times as much."""

    __slots__ = ("_mark", "_subject")

    def __init__(self, mark: StepMarker, subject: str) -> None:
        self._mark = mark
        self._subject = subject

    def __enter__(self) -> None:
        self._mark.set(self._subject)

    def __exit__(self, *_: object) -> None:
        self._mark.clear()


def execution_subject(key: int) -> str:
    """The name of a step of an execution."""
    return f"execution {key}"


def revision_subject(name: str) -> str:
    """The name of the first step of an execution, which has no key yet."""
    return f"revision {name}"[:LENGTH]


def count_death(tx: Tx, subject: str) -> None:
    """Count that an engine died in such a step."""
    sql = "INSERT INTO step_deaths VALUES (?, 1) ON CONFLICT (subject) DO UPDATE SET deaths = deaths + 1"
    tx.execute(sql, (subject,))


def suspects(reader: Reader) -> dict[str, int]:
    """Return the steps in which an engine died, and how often."""
    return dict(reader.rows("SELECT subject, deaths FROM step_deaths"))


def clear(tx: Tx, subject: str) -> None:
    """The step was made without harm."""
    tx.execute("DELETE FROM step_deaths WHERE subject = ?", (subject,))
