"""The user of a plain process, from the `user` of a container definition: `user`, `uid`, `user:group` and so on.

Promises numbers that the kernel takes, and what a login would put into the environment. Refuses a user that this
machine does not know, and a change of user by an engine that is not root.
"""

import grp
import os
import pwd
import re
from dataclasses import dataclass

from lamplighter.runtime.port import CannotStart

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What Docker gives a container whose image says nothing."""


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """Whom a process runs as; no numbers: as the engine."""

    numbers: tuple[int, ...]
    """User, group, further groups."""
    environment: dict[str, str]
    """The least that programs expect; what the container definition says goes before."""


def resolve_user(user: str | None) -> ProcessUser:
    """Find the user; raises CannotStart if there is none, or this engine may not become it."""
    if not user:
        return ProcessUser((), _environment(_account(str(os.getuid()))))
    name, _, group = user.partition(":")
    account = _account(name)
    uid = account.pw_uid if account else _number(name, user)
    if os.getuid() not in (0, uid):
        raise _refused(f"only an engine that runs as root can run a process as user {user}")
    gid = _group(group, user) if group else _own_group(account, user)
    numbers = (uid, *dict.fromkeys([gid, *(os.getgrouplist(account.pw_name, gid) if account else [])]))
    return ProcessUser(numbers if os.getuid() == 0 else (), _environment(account))


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(name)) if _is_number(name) else pwd.getpwnam(name)
    except (KeyError, ValueError):  # ValueError: a name with a NUL character
        return None


def _is_number(name: str) -> bool:
    return re.fullmatch("[0-9]{1,10}", name) is not None


def _number(name: str, user: str) -> int:
    if not _is_number(name):
        raise _refused(f"unable to find user {user}: no matching entries in passwd file")
    return int(name)


def _group(name: str, user: str) -> int:
    try:
        return int(name) if _is_number(name) else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise _refused(f"unable to find group of {user}: no matching entries in group file") from None


def _own_group(account: pwd.struct_passwd | None, user: str) -> int:
    if account is None:
        raise _refused(f"user {user} has no entry in the passwd file: say its group too, as in 1000:1000")
    return account.pw_gid


def _environment(account: pwd.struct_passwd | None) -> dict[str, str]:
    return {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": account.pw_dir if account else "/"}


def _refused(why: str) -> CannotStart:
    return CannotStart(f"CannotStartContainerError: {why}")
