"""Read the state of a process from /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""

from pathlib import Path


def process_state(pid: int | str) -> str:
    """Return the letter of a process's state, `Z` for one whose parent has not read its exit code; "" without one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
