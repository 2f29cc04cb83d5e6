"""Encode a container as the arguments of a shim: fields separated by NUL, which none of them can contain.

Guarantees that `execve` gets the values unchanged: no shell, no expansion. Rejects settings that a plain process cannot
have but a job would need.
"""

import resource
from pathlib import PurePosixPath

from lamplighter.runtime.port import CannotStart, Container
from lamplighter.runtime.process import process_user

SAME = -2
"""The value that keeps a hard limit unchanged."""


def write_arguments(container: Container, files: int | None = None) -> bytes:
    """Return the encoded arguments. Raises `CannotStart` if a plain process can never run like this.

    `files` is the soft limit of open files if the definition names none.
    """
    arguments = [*(container.entry_point or ()), *(container.command or ())]
    _refuse_what_would_be_missed(container, arguments)
    who = process_user.resolve_user(container.user)
    environment = {**who.environment, **container.environment}
    fields = [
        container.working_directory or "/",
        " ".join(map(str, who.numbers)),
        ",".join(_limits(container, files)),
        str(len(arguments)),
        *arguments,
        *(f"{name}={value}" for name, value in environment.items()),
        "end",
    ]
    if any("\0" in field for field in fields):
        raise _refused("an argument or a variable contains a NUL character")
    return "\0".join(fields).encode(errors="surrogateescape")


def _refuse_what_would_be_missed(container: Container, arguments: list[str]) -> None:
    if not arguments or not arguments[0]:
        raise _refused("a plain process needs a command or an entry point, because it has no image that defines one")
    if container.mounts:
        raise _refused("a plain process has no file system of its own: mount points need Docker")
    if container.extra_hosts:
        raise _refused("a plain process shares the hosts file of this machine: extra hosts need Docker")
    if not PurePosixPath(container.working_directory or "/").is_absolute():
        raise _refused(f"the working directory {container.working_directory!r} is not an absolute path")


def _limits(container: Container, files: int | None) -> list[str]:
    usual = [] if files is None else [f"{resource.RLIMIT_NOFILE} {files} {SAME}"]
    return usual + [f"{_kind(limit.name)} {limit.soft} {limit.hard}" for limit in container.ulimits]


def _kind(name: str) -> int:
    kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if not isinstance(kind, int):
        raise _refused(f"there is no limit named {name!r}")
    return kind


def _refused(why: str) -> CannotStart:
    return CannotStart(f"CannotStartContainerError: {why}")
