"""Find and kill the processes that remain in a session after its shim died.

Guarantees that only processes of this session are killed: they are identified by the leader's pid, the boot and the
kernel's start times (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). After a reboot, no process is killed.
"""

import asyncio
import os
import signal

from lamplighter.runtime.process.process_directory import SessionLeader
from lamplighter.runtime.process.shim import boot, start_time, stat

_PAUSE = 0.01
"""Seconds that the kernel gets to remove killed processes before the next check."""


async def end_session(leader: SessionLeader) -> None:
    """Kill the remaining processes of the leader's session; return when none is left that the engine may kill."""
    while members := _members(leader):
        if not _kill(members):
            return
        await asyncio.sleep(_PAUSE)


def kill(leader: SessionLeader) -> None:
    """Kill the remaining processes of the leader's session without waiting for their end."""
    _kill(_members(leader))


def _members(leader: SessionLeader) -> list[int]:
    if boot() != leader.boot or _is_reused(leader):
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _belongs(name, leader)]


def _is_reused(leader: SessionLeader) -> bool:
    """Return whether another process has the leader's pid: the kernel reuses it once the whole session has ended."""
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


def _kill(members: list[int]) -> bool:
    """Kill processes; return whether the engine was allowed to kill one of them."""
    allowed = False
    for pid in members:
        try:
            os.kill(pid, signal.SIGKILL)
            allowed = True
        except ProcessLookupError:
            allowed = True
        except PermissionError:
            pass
    return allowed
