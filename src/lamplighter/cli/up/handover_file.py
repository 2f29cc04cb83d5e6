"""Keep the box's half of a move in the data directory, where `up` reads it: the schedules follow it from then on.

AWS's half is in the metadata of the template there. Together they are the journal of a move: each step is durable
before the next begins, and `move` goes on where they say. The file is in backups, so that a restored box does not run
jobs that have moved.
"""

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, write_file
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.jobs.stack.handover import Handover, parse_handover
from lamplighter.store.data_directory import HANDOVER
from lamplighter.store.lock import try_lock


class UnreadableHandover(LamplighterError):
    """The file of a handover cannot be read. Only this file says which side runs the jobs."""


class UnwritableHandover(LamplighterError):
    """The file of a handover cannot be written; it is as before."""


class MoveUnderWay(LamplighterError):
    """Another move of the same box is under way."""


@dataclass(frozen=True, slots=True)
class HandoverFile:
    """The box's half of a move of one project."""

    data: Path
    project: str

    def read(self) -> Handover | None:
        """Return the handover, or None if the project never moved. Raises `UnreadableHandover`."""
        try:
            return parse_handover(self._own.get("handover"))
        except TypeError:  # a member is missing, or a later version wrote others
            raise _unreadable(self.data) from None

    def read_for(self, names: Container[str]) -> Handover | None:
        """Return the handover, and forget the dates of schedules that the job file has no more when a move is complete.

        Scheduler would refuse them for a job that is added again. Raises `UnreadableHandover`.
        """
        found = self.read()
        if found is None or found.dates is None or not self.is_done:
            return found
        kept = {name: date for name, date in found.dates.items() if name in names}
        if kept == found.dates:
            return found
        with suppress(MoveUnderWay, UnwritableHandover), self.locked():
            if self.read() == found:
                self._write({**self._own, "handover": replace(found, dates=kept).to_json()})
        return self.read()

    def write(self, handover: Handover | None) -> None:
        """Write a handover that is not complete yet, or None."""
        self._write({"handover": handover and handover.to_json()})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other command move jobs of the box during the block.

        Raises `MoveUnderWay`, and `UnwritableHandover` if there can be no data directory.
        """
        try:
            make_path(self.data)
            folder = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UnwritableHandover(f"{self.data} cannot be used: {error.strerror}") from None
        try:
            if not try_lock(folder):
                raise MoveUnderWay("another `move` of this box is under way: wait until it ends")
            yield
        finally:
            os.close(folder)

    @property
    def is_done(self) -> bool:
        """Whether the move is complete."""
        return bool(self._own.get("done"))

    def complete(self, *, done: bool = True) -> None:
        """Record that the move is complete, or that it is not any more."""
        self._write({**self._own, "done": done})

    @property
    def _own(self) -> Json:
        own = read_handovers(self.data).get(self.project, {})
        if not isinstance(own, dict):
            raise _unreadable(self.data)
        return own

    def _write(self, own: Json) -> None:
        content = dumps({**read_handovers(self.data), self.project: own}).encode()
        try:
            make_path(self.data)
            write_file(self.data / HANDOVER, content)
        except OSError as error:
            raise UnwritableHandover(f"{self.data / HANDOVER} cannot be written: {error.strerror}") from None


def read_handovers(data: Path) -> dict[str, Json]:
    """Return what the file says of each project that has moved. Raises `UnreadableHandover`."""
    try:
        document = loads_or((data / HANDOVER).read_bytes(), None)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(data, f" ({error.strerror})") from None
    if not isinstance(document, dict):
        raise _unreadable(data)
    return document


def _unreadable(data: Path, reason: str = "") -> UnreadableHandover:
    advice = "restore it, for it says whether the jobs moved to AWS"
    return UnreadableHandover(f"{data / HANDOVER} cannot be read{reason}: {advice}")
