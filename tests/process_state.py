"""Read the state and the relations of processes from /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""

from contextlib import suppress
from pathlib import Path


def process_state(pid: int | str) -> str:
    """Return the letter of a process's state, `Z` for one whose parent has not read its exit code; "" without one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def parent(pid: int | str) -> int:
    """Return the pid of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int | str) -> list[int]:
    """Return the pids of the children of a process, also of those that have ended and are zombies."""
    found = []
    for name in (each.name for each in Path("/proc").iterdir() if each.name.isdigit()):
        with suppress(FileNotFoundError, ProcessLookupError):
            if parent(name) == int(pid):
                found.append(int(name))
    return found
