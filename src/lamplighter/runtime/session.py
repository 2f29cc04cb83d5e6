"""What is left of a process whose shim died: found by its session, and ended.

Promises to touch only processes of the very session that was begun, by its leader's pid, the boot and the kernel's
start times (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). Refuses to guess after a reboot.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from lamplighter.runtime.place import Leader

_PAUSE = 0.01
"""Seconds that the kernel gets to take killed processes away before we look again."""


async def end(leader: Leader) -> None:
    """Kill what is left of the leader's session; return when nothing is."""
    while members := _members(leader):
        _kill(members)
        await asyncio.sleep(_PAUSE)


def kill(leader: Leader) -> None:
    """Kill what is left of the leader's session now, without waiting until it has ended."""
    _kill(_members(leader))


def _members(leader: Leader) -> list[int]:
    if Path("/proc/sys/kernel/random/boot_id").read_text().strip() != leader.boot or _is_reused(leader):
        return []
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _belongs(entry, leader)]


def _is_reused(leader: Leader) -> bool:
    """Whether the leader's number is another process's: the kernel gives it away when the whole session has ended."""
    fields = _fields(Path("/proc", str(leader.pid)))
    return fields is not None and int(fields[19]) != int(leader.start_time)


def _belongs(entry: Path, leader: Leader) -> bool:
    fields = _fields(entry)
    if fields is None:
        return False
    state, session, start_time = fields[0], int(fields[3]), int(fields[19])
    return session == leader.pid and state not in (b"Z", b"X") and start_time >= int(leader.start_time)


def _fields(entry: Path) -> list[bytes] | None:
    """Return the fields of a process's `stat` from its state on; None: it has ended."""
    try:
        return (entry / "stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _kill(members: list[int]) -> None:
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
