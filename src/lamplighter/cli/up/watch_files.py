"""Watching files: looking at them again and again, which works on every file system and needs no kernel's help.

Promises to notice a change within two looks, and to wait until two looks in a row see the same, so that a file which is
being written is not read. A look takes a twentieth of the time at most, however many files there are.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

PAUSE = 0.4
"""Seconds between two looks."""
SHARE = 20

State = Mapping[Path, tuple[int, int, int, int] | None]
"""Of each file its mode, inode, size and time of change; None where there is none."""


def file_states(paths: Iterable[Path]) -> State:
    """What files are like now."""
    return {path: _state(path) for path in paths}


def _state(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns


async def wait_for_change(paths: Callable[[], Iterable[Path]], before: State, patience: float | None = None) -> State:
    """Wait until files are no longer as they were, and at rest, or for some seconds; what they are like then."""
    clock = asyncio.get_running_loop().time
    end = None if patience is None else clock() + patience
    last = before
    while True:
        begun = clock()
        found = await asyncio.to_thread(lambda: file_states(paths()))
        if found == last and found != before:
            return found
        if end is not None and clock() > end:
            return found
        last = found
        await asyncio.sleep(max(PAUSE, SHARE * (clock() - begun)))
