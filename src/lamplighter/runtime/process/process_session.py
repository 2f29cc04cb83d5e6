"""What is left of a process whose shim died: found by its session, and ended.

Promises to touch only processes of the very session that was begun, by its leader's pid, the boot and the kernel's
start times (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). Refuses to guess after a reboot.
"""

import asyncio
import contextlib
import os
import signal

from lamplighter.runtime.process.process_directory import SessionLeader
from lamplighter.runtime.process.shim import boot, start_time, stat

_PAUSE = 0.01
"""Seconds that the kernel gets to take killed processes away before we look again."""


async def end_session(leader: SessionLeader) -> None:
    """Kill what is left of the leader's session; return when nothing is."""
    while members := _members(leader):
        _kill(members)
        await asyncio.sleep(_PAUSE)


def kill(leader: SessionLeader) -> None:
    """Kill what is left of the leader's session now, without waiting until it has ended."""
    _kill(_members(leader))


def _members(leader: SessionLeader) -> list[int]:
    if boot() != leader.boot or _is_reused(leader):
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _belongs(name, leader)]


def _is_reused(leader: SessionLeader) -> bool:
    """Whether the leader's number is another process's: the kernel gives it away when the whole session has ended."""
    try:
        return start_time(leader.pid) != leader.start_time
    except (FileNotFoundError, ProcessLookupError):
        return False


def _belongs(name: str, leader: SessionLeader) -> bool:
    try:
        fields = stat(name)
    except (FileNotFoundError, ProcessLookupError):
        return False
    state, session, begun = fields[0], int(fields[3]), int(fields[19])
    return session == leader.pid and state not in (b"Z", b"X") and begun >= int(leader.start_time)


def _kill(members: list[int]) -> None:
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
