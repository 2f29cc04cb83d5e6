"""A container definition as the recipe that a shim reads: fields separated by NUL, which none of them can contain.

Promises that what goes in is what `execve` gets: no shell, no expansion. Refuses what a plain process cannot honour and
a job would miss.
"""

import resource
from pathlib import PurePosixPath

from lamplighter.runtime.port import CannotStart, Container
from lamplighter.runtime.process import process_user

SAME = -2
"""In place of a hard limit: it stays as it is."""


def write_arguments(container: Container, files: int | None = None) -> bytes:
    """Put the recipe together; raises CannotStart where a process can never run so.

    `files` is the soft limit of open files, where the definition names none.
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
        raise _refused("a plain process needs a command or an entry point: no image says what to run")
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
        raise _refused(f"this machine knows no limit named {name!r}")
    return kind


def _refused(why: str) -> CannotStart:
    return CannotStart(f"CannotStartContainerError: {why}")
