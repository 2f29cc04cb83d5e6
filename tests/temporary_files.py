"""Keep the tests' temporary files in memory, where there is room for them.

All tests together write and sync 3 GB. On a disk, they wait for it for a minute of six. No test shows whether a disk
keeps what was synced: the tests of power cuts record the calls (`tests/chaos`).
"""

import os
from pathlib import Path

MEMORY_DIRECTORY = Path("/dev/shm")
NEEDED_BYTES = 8 * 1024**3


def find_memory_directory(memory: Path = MEMORY_DIRECTORY, needed: int = NEEDED_BYTES) -> str:
    """Return the directory in memory, or "" if it is too small, if programs cannot run there, or if memory is short."""
    try:
        file_system = os.statvfs(memory)
    except OSError:
        return ""
    usable = os.access(memory, os.W_OK) and not file_system.f_flag & os.ST_NOEXEC
    room = min(file_system.f_bavail * file_system.f_frsize, _available_memory())
    return str(memory) if usable and room >= needed else ""


def _available_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    sizes = {name: size for name, _, size in (line.partition(":") for line in lines)}
    return int(sizes["MemAvailable"].removesuffix("kB")) * 1024
