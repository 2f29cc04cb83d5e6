"""Find the user of a plain process from the `user` of a container definition: `user`, `uid`, `user:group` and so on.

Guarantees numeric ids for the kernel, and the environment variables that a login would set. Rejects a user that this
machine does not have, and a change of user by an engine that does not run as root.
"""

import grp
import os
import pwd
import re
from dataclasses import dataclass

from lamplighter.runtime.port import cannot_start

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH that Docker sets in a container whose image sets none."""


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """The user of a process; without numbers, the process runs as the engine's user."""

    ids: tuple[int, ...]
    """User id, group id, supplementary group ids."""
    environment: dict[str, str]
    """The minimal variables that programs expect; those of the container definition override them."""


def resolve_user(user: str | None) -> ProcessUser:
    """Return the user's ids and environment. Raises `CannotStart` for a user that the engine cannot change to."""
    if not user:
        return ProcessUser((), _environment(_account(str(os.getuid()))))
    name, _, group = user.partition(":")
    account = _account(name)
    if not (account or _is_number(name)):
        raise cannot_start(f"unable to find user {user}: no matching entries in passwd file")
    uid = account.pw_uid if account else int(name)
    if os.getuid() not in (0, uid):
        raise cannot_start(f"only an engine that runs as root can run a process as user {user}")
    if not (account or group):
        raise cannot_start(f"user {user} has no entry in the passwd file: add its group, as in 1000:1000")
    gid = account.pw_gid if account and not group else _group(group, user)
    ids = (uid, *dict.fromkeys([gid, *(os.getgrouplist(account.pw_name, gid) if account else [])]))
    return ProcessUser(ids if os.getuid() == 0 else (), _environment(account))


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(name)) if _is_number(name) else pwd.getpwnam(name)
    except (KeyError, ValueError):  # ValueError: a name with a NUL character
        return None


def _is_number(name: str) -> bool:
    return re.fullmatch("[0-9]{1,10}", name) is not None


def _group(name: str, user: str) -> int:
    try:
        return int(name) if _is_number(name) else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise cannot_start(f"unable to find group of {user}: no matching entries in group file") from None


def _environment(account: pwd.struct_passwd | None) -> dict[str, str]:
    return {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": account.pw_dir if account else "/"}
