"""Open files: how many this process may have, and whether there is room for more.

Promises that the limit is as high as the system allows once `raise_limit` was called, and that connections cannot use
up what jobs need: `connections` says how many there may be. Refuses to pass a raised limit on: who starts programs
gives them the soft limit that `raise_limit` returned, because some programs (those that call select(2)) go by it.
See https://man7.org/linux/man-pages/man2/getrlimit.2.html.
"""

import os
import resource

OWN = 48
"""Files that an engine has open by itself: its database, its loop, its port, the standard streams."""
RESERVE = 16
"""Files that stay free for whatever has to be opened next."""
MOST_CONNECTIONS = 10_000
FEWEST_CONNECTIONS = 8
WHERE = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"


def raise_limit() -> int:
    """Raise the soft limit to the hard one; the soft limit as it was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # a system whose hard limit is no number that it would take
        return soft
    return soft


def descriptor_limit() -> int:
    """How many files this process may have open."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CONNECTIONS * 4 if soft == resource.RLIM_INFINITY else soft


def connection_limit() -> int:
    """How many connections there may be: half of what the engine does not need itself."""
    return max(FEWEST_CONNECTIONS, min((descriptor_limit() - OWN) // 2, MOST_CONNECTIONS))


def has_room(wanted: int = 0, reserve: int = RESERVE) -> bool:
    """Whether so many files can be opened without touching the reserve."""
    try:
        return descriptor_limit() - len(os.listdir(WHERE)) >= wanted + reserve
    except OSError:
        return False
