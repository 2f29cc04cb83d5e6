"""Find out how many cores and how much memory this machine has for tasks.

A container that limits the engine counts as the machine. Some memory is left to the system and the engine.
See https://docs.kernel.org/admin-guide/cgroup-v2.html and https://man7.org/linux/man-pages/man5/proc_meminfo.5.html.
"""

import os
from pathlib import Path

from lamplighter.services.ecs.capacity import CapacityLimits

UNITS_PER_CORE = 1024
CGROUP, MEMORY_INFORMATION = Path("/sys/fs/cgroup"), Path("/proc/meminfo")
MIN_MARGIN_MIB, MAX_MARGIN_MIB = 256, 2048


def machine_capacity(cgroup: Path = CGROUP, information: Path = MEMORY_INFORMATION) -> CapacityLimits:
    """Return what tasks may reserve on this machine; what cannot be found out is not limited."""
    memory = _memory_mib(cgroup, information)
    return CapacityLimits(_cpu_units(cgroup), None if memory is None else memory - _margin_mib(memory))


def _margin_mib(memory: int) -> int:
    """Return the MiB that are left to the system and the engine: a tenth, within bounds."""
    return min(max(memory // 10, MIN_MARGIN_MIB), MAX_MARGIN_MIB, memory // 2)


def _cpu_units(cgroup: Path) -> int:
    units = len(os.sched_getaffinity(0)) * UNITS_PER_CORE
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal() and int(period):
        units = min(units, max(int(quota) * UNITS_PER_CORE // int(period), 1))
    return units


def _memory_mib(cgroup: Path, information: Path) -> int | None:
    found = []
    for line in _read(information).splitlines():
        name, _, amount = line.partition(":")
        if name == "MemTotal":
            found.append(int(amount.removesuffix("kB")) // 1024)
    limit = _read(cgroup / "memory.max")
    if limit.isdecimal():
        found.append(int(limit) // 1024**2)
    return min(found, default=None)


def _read(file: Path) -> str:
    """Return the text of a file, or an empty text if it cannot be read."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""
