"""Limit the processor time and memory of a worker process; the kernel enforces the limits.

No code inside the process can exceed these limits, neither Python nor a C library.
See https://man7.org/linux/man-pages/man2/getrlimit.2.html.
"""

import math
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NICENESS = 5
"""The niceness of a worker, so that the engine, which answers all other requests, gets the processor first."""
OOM_SCORE = Path("/proc/self/oom_score_adj")
"""The kernel's file with a process's protection: https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one request."""

    cpu_seconds: int = 10
    """Seconds of processor time after which the kernel ends the process."""
    slice_seconds: int = 1
    """Seconds of processor time after which the rest of a long step is left for another request."""
    wall_seconds: int = 120
    """Seconds of real time after which the engine kills the process."""
    memory: int = 1024 * 1024 * 1024
    """Bytes of address space of the process; the process alone needs about 170 MiB."""


def confine(limits: Limits) -> None:
    """Limit the memory of this process permanently, lower its priority, disable core files, and give it no protection
    when the machine has no memory left.
    """
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    reset_oom_score()


def reset_oom_score() -> None:
    """Let the kernel end this process like any other if memory runs out; a service may protect the engine."""
    with suppress(OSError):
        if int(OOM_SCORE.read_text()) < 0:
            OOM_SCORE.write_text("0")


def grant_time(limits: Limits) -> float:
    """Allow this process the processor time of one more request; return the seconds that it has used so far."""
    used = seconds_used()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used) + limits.cpu_seconds, hard))
    return used


def seconds_used() -> float:
    """Return the seconds of processor time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
