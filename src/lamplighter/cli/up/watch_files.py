"""Watch files by polling, which works on every file system without support from the kernel.

Guarantees that a change is noticed within two polls. A change counts when two polls in a row find the same state, so
that a file is not read while it is written. Polling uses about a twentieth of a processor at most, however many files
there are.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lamplighter.base.world import thread_seconds

MIN_POLL_SECONDS = 0.2
"""The fewest seconds between two polls."""
SETTLE_SECONDS = 0.1
"""The fewest seconds between a poll that finds another state and the next one."""
PAUSE_FACTOR = 20
"""The least length of a pause, relative to the processor time of the poll before it: a wait for a disk, or for a
processor that others use, does not count, so that a busy machine does not make the engine deaf for minutes."""

FileStates = Mapping[Path, tuple[int, int, int, int] | None]
"""The mode, inode, size and modification time of each file; None for a file that does not exist."""


def file_states(paths: Iterable[Path]) -> FileStates:
    """Return the present state of files."""
    return {path: _state(path) for path in paths}


def _timed_states(paths: Callable[[], Iterable[Path]]) -> tuple[FileStates, float]:
    """Return the present state of files, and the seconds of processor time that this took."""
    used = thread_seconds()
    return file_states(paths()), thread_seconds() - used


def _state(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns


async def wait_for_change(
    paths: Callable[[], Iterable[Path]],
    before: FileStates,
    timeout_seconds: float | None = None,
    poll_seconds: float = MIN_POLL_SECONDS,
) -> FileStates:
    """Wait until files differ from `before` and no longer change, or for `timeout_seconds`; return their state.

    `poll_seconds` is the fewest seconds between two polls.
    """
    clock = asyncio.get_running_loop().time
    deadline = None if timeout_seconds is None else clock() + timeout_seconds
    last = before
    while True:
        found, used = await asyncio.to_thread(_timed_states, paths)
        if found == last and found != before:
            return found
        if deadline is not None and clock() > deadline:
            return found
        pause = poll_seconds if found == last else SETTLE_SECONDS
        last = found
        await asyncio.sleep(max(pause, PAUSE_FACTOR * used))
