"""Which step is under way in the engine's own process: a few bytes of a file that a killed process leaves as they were.

They are not synced, so that setting them costs two microseconds. A power cut may lose them: a step that brought the
whole machine down is not found out by them. A disk that refuses them holds nothing up.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lamplighter.store.db import Reader, Tx

LENGTH = 64
"""Bytes: the name of a subject, then zeros."""


class StepMark:
    """The mark of one engine; `left` is what its predecessor died in."""

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / "step", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.left = os.pread(self._file, LENGTH, 0).rstrip(b"\0").decode(errors="replace")
        self._write(b"")

    @contextmanager
    def under_way(self, subject: str) -> Iterator[None]:
        """Have a successor know that this step was under way, if this process dies in the block."""
        self._write(subject.encode())
        try:
            yield
        finally:
            self._write(b"")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _write(self, name: bytes) -> None:
        with suppress(OSError):
            os.pwrite(self._file, name.ljust(LENGTH, b"\0"), 0)


def execution(key: int) -> str:
    """The name of a step of an execution."""
    return f"execution {key}"


def revision(name: str) -> str:
    """The name of the first step of an execution, which has no key yet."""
    return f"revision {name}"[:LENGTH]


def count_death(tx: Tx, subject: str) -> None:
    """Count that an engine died in such a step."""
    sql = "INSERT INTO suspects VALUES (?, 1) ON CONFLICT (subject) DO UPDATE SET deaths = deaths + 1"
    tx.execute(sql, (subject,))


def suspects(reader: Reader) -> dict[str, int]:
    """Return the steps in which an engine died, and how often."""
    return dict(reader.rows("SELECT subject, deaths FROM suspects"))


def clear(tx: Tx, subject: str) -> None:
    """The step was made without harm."""
    tx.execute("DELETE FROM suspects WHERE subject = ?", (subject,))
