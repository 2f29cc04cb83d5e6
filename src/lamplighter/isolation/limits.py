"""How much time and memory a process of its own may use, held by the kernel.

Nothing inside the process can pass these limits, be it in Python or below it.
See https://man7.org/linux/man-pages/man2/getrlimit.2.html.
"""

import math
import os
import resource
from dataclasses import dataclass

NICENESS = 5
"""How far the process steps back behind the engine, which answers everybody else."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may use."""

    cpu_seconds: int = 10
    """Processor time; then the kernel ends the process."""
    slice_seconds: int = 1
    """Processor time after which the rest of a long step is left for another request."""
    wall_seconds: int = 120
    """Time on the clock; then the process is killed, whatever it does."""
    memory: int = 1024 * 1024 * 1024
    """Bytes of address space of the process, of which it needs about 170 MiB by itself."""


def confine(limits: Limits) -> None:
    """Limit the memory of this process for good, and write no core files."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def grant_time(limits: Limits) -> float:
    """Allow this process the time of one more request; return how much it has used so far, in seconds."""
    used = seconds_used()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used) + limits.cpu_seconds, hard))
    return used


def seconds_used() -> float:
    """Return the seconds of processor time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
