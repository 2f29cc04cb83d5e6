"""Search the output of containers for lines with some words, the newest task first, for a limited time.

Guarantees that a search of any size stops soon after `should_stop` says so, but reads something first; that it uses
some megabytes of memory; and that it can go on where it stopped. ASCII letters may be in upper or lower case. All
words have to be in one line. A line is found once, and all that was written before the search began is searched, but
what retention removes meanwhile.
"""

import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, dumps, loads_or

BLOCK_BYTES = 1024 * 1024
"""The bytes that are read at once; the rest of a line is kept for the next block."""
_POSITION = re.compile("([0-9]{1,18})/([^/]*)/([0-9]{1,18})/([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a search goes on."""

    task: int
    """The number of the task's row; older tasks follow."""
    container: str = ""
    """The container; those before it in the alphabet were searched."""
    offset: int = 0
    """The byte in the container's file; the beginning of a line."""
    lines: int = 0
    """The number of lines before it."""

    def __str__(self) -> str:
        return f"{self.task}/{self.container}/{self.offset}/{self.lines}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read a position as `str` writes it; raises ValueError."""
        found = require(_POSITION.fullmatch(text), lambda: ValueError(text))
        return cls(int(found[1]), found[2], int(found[3]), int(found[4]))


class OutputSearch:
    """One search in a directory of output files; `should_stop` gets the number of matches so far."""

    def __init__(self, directory: Path, words: Sequence[str], since: float, should_stop: Callable[[int], bool]) -> None:
        self._directory = directory
        self._words = [dumps(each)[1:-1].encode().lower() for each in words]
        self._since = since
        self._should_stop = should_stop
        self.matches: list[Json] = []
        self.searched = 0
        """The bytes that were read."""

    def run(self, tasks: Mapping[int, str], start: Position | None) -> Position | None:
        """Search tasks, given by row and name, and return where to go on, or None at the end.

        A search that goes on from a position gets the tasks from its row on.
        """
        for row, name in tasks.items():
            first = start if start is not None and start.task == row else Position(row)
            for file in sorted(self._sizes(name), key=lambda file: file.stem):
                if file.stem >= first.container:
                    at = first if file.stem == first.container else Position(row, file.stem)
                    stopped = self._search_file(name, file, at)
                    if stopped is not None:
                        return stopped
        return None

    def total_size(self) -> int:
        """Return the bytes of all output that was written since the time given."""
        return sum(self._sizes("*").values())

    def _sizes(self, task: str) -> dict[Path, int]:
        # unlike Path.glob, iglob passes over folders that are removed meanwhile
        found = (self._directory / each for each in glob.iglob(f"{task}/*.log", root_dir=self._directory))
        read = ((file, _read_status(file)) for file in found)
        return {file: status.st_size for file, status in read if status and status.st_mtime >= self._since}

    def _search_file(self, task: str, file: Path, at: Position) -> Position | None:
        """Search one file, and return where the search has stopped in it, or None at its end."""
        offset, lines = at.offset, at.lines
        for block in _blocks_of_lines(file, offset):
            for number, record in _records_with(max(self._words, key=len), block):
                text = dumps(record.get("text")).encode().lower()
                if all(each in text for each in self._words):
                    self.matches.append({"Task": task, "Container": file.stem, "Line": lines + number, **record})
            lines += block.count(b"\n")
            offset += len(block)
            self.searched += len(block)
            if self._should_stop(len(self.matches)):
                return Position(at.task, file.stem, offset, lines)
        return None


def _read_status(file: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return file.stat()
    return None


def _records_with(needle: bytes, block: bytes) -> Iterator[tuple[int, Json]]:
    """Yield the records of a block that contain a text, each with the number of its line in the block, from 1 on."""
    lowered, end, number = block.lower(), 0, 0
    while (found := lowered.find(needle, end)) >= 0:
        begin = block.rfind(b"\n", 0, found) + 1
        number += block.count(b"\n", end, begin) + 1
        end = block.find(b"\n", found) + 1
        record = loads_or(block[begin:end].decode(errors="replace"), None)
        if isinstance(record, dict):
            yield number, record


def _blocks_of_lines(file: Path, offset: int) -> Iterator[bytes]:
    """Yield a file from a position on in blocks of whole lines, without an incomplete line at its end."""
    with suppress(FileNotFoundError), file.open("rb") as opened:
        opened.seek(offset)
        rest = b""
        while read := opened.read(BLOCK_BYTES):
            text = rest + read
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            if end:
                yield text[:end]
