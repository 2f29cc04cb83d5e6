"""Mark the step that currently runs in the engine's process, in a file that survives the death of the process.

The mark is not synced, so that setting it costs two microseconds, and as much again if another thread takes the
interpreter meanwhile. An unchanged mark is not written again. A power cut may lose the mark, so a step that crashes the
whole machine is not detected. A write error does not stop the step.
"""

import os
from pathlib import Path

from lamplighter.store.data_directory import STEP_MARK
from lamplighter.store.db import Reader, Tx

MARK_LENGTH = 64
"""The length of a mark in bytes: a subject's name, then zeros."""
NO_MARK = bytes(MARK_LENGTH)
CLOSED_FILE = -1


class StepMarker:
    """The mark of one engine; `crashed_subject` is the subject in which the previous engine died, or an empty
    string.
    """

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / STEP_MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        found = os.pread(self._file, MARK_LENGTH, 0)
        self._mark = found or NO_MARK
        self.crashed_subject = found.rstrip(b"\0").decode(errors="replace")
        self.clear()

    def mark_step(self, subject: str) -> "MarkedStep":
        """Return a block that marks a subject while its step runs.

        If the process dies in the block, the next engine finds the mark.
        """
        return MarkedStep(self, subject)

    def set(self, subject: str) -> bool:
        """Mark a step until the mark is cleared or replaced; return False if the step was marked already."""
        return self._write(subject.encode().ljust(MARK_LENGTH, b"\0"))

    def clear(self) -> None:
        """Record that no step runs."""
        self._write(NO_MARK)

    def close(self) -> None:
        """Clear the mark and close the file."""
        self.clear()
        os.close(self._file)
        self._file = CLOSED_FILE

    def _write(self, name: bytes) -> bool:
        if name == self._mark:
            return False
        self._mark = name
        try:  # noqa: SIM105 - each step runs this twice, and `suppress` costs as much as the write
            os.pwrite(self._file, name, 0)
        except OSError:
            pass
        return True


class MarkedStep:
    """The context manager of one step. A generator would cost three times as much."""

    __slots__ = ("_marker", "_subject")

    def __init__(self, marker: StepMarker, subject: str) -> None:
        self._marker = marker
        self._subject = subject

    def __enter__(self) -> None:
        self._marker.set(self._subject)

    def __exit__(self, *_: object) -> None:
        self._marker.clear()


def execution_subject(key: int) -> str:
    """Return the subject of an execution's steps."""
    return f"execution {key}"


def revision_subject(name: str) -> str:
    """Return the subject of the first step of a revision's executions, which have no key yet."""
    return f"revision {name}"[:MARK_LENGTH]


def count_death(tx: Tx, subject: str) -> None:
    """Count that an engine died in a step of this subject."""
    sql = "INSERT INTO step_deaths VALUES (?, 1) ON CONFLICT (subject) DO UPDATE SET deaths = deaths + 1"
    tx.execute(sql, (subject,))


def deaths_by_subject(reader: Reader) -> dict[str, int]:
    """Return how often an engine died in steps of each subject."""
    return dict(reader.rows("SELECT subject, deaths FROM step_deaths"))


def clear_deaths(tx: Tx, subject: str) -> None:
    """Delete the count of a subject whose step was completed."""
    tx.execute("DELETE FROM step_deaths WHERE subject = ?", (subject,))
