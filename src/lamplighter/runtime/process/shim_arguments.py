"""Encode a container as the arguments of a shim: fields separated by NUL, which none of them can contain.

Guarantees that `execve` gets the values unchanged: no shell, no expansion. Rejects settings that a plain process cannot
have but a job would need.
"""

import resource
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from lamplighter.runtime.port import ContainerSpec, cannot_start
from lamplighter.runtime.process import process_user

UNCHANGED_LIMIT = -2
"""The value that keeps a hard limit unchanged."""


def encode_arguments(
    place: Path,
    container: ContainerSpec,
    file_limit: int | None = None,
    cgroup: Path | None = None,
    cgroup_limits: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Return the encoded arguments. Raises `CannotStart` if a plain process can never run like this.

    `place` is the directory of the shim's files; `file_limit` is the soft limit of open files if the definition names
    none. `cgroup` is the cgroup to make for the process, and `cgroup_limits` has the contents of its files.
    """
    arguments = [*(container.entry_point or ()), *(container.command or ())]
    _refuse_unsupported(container, arguments)
    user = process_user.resolve_user(container.user)
    environment = {**user.environment, **container.environment}
    fields = [
        str(place),
        container.working_directory or "/",
        " ".join(map(str, user.ids)),
        ",".join(_limits(container, file_limit)),
        str(cgroup or ""),
        ",".join(f"{name}={value}" for name, value in cgroup_limits.items()),
        str(len(arguments)),
        *arguments,
        *(f"{name}={value}" for name, value in environment.items()),
        "end",
    ]
    if any("\0" in field for field in fields):
        raise cannot_start("an argument or a variable contains a NUL character")
    return "\0".join(fields).encode(errors="surrogateescape")


def _refuse_unsupported(container: ContainerSpec, arguments: list[str]) -> None:
    if not arguments or not arguments[0]:
        raise cannot_start(
            "a plain process needs a command or an entry point, because it has no image that defines one"
        )
    if container.mounts:
        raise cannot_start("a plain process has no file system of its own: mount points need Docker")
    if container.extra_hosts:
        raise cannot_start("a plain process shares the hosts file of this machine: extra hosts need Docker")
    if not PurePosixPath(container.working_directory or "/").is_absolute():
        raise cannot_start(f"the working directory {container.working_directory!r} is not an absolute path")


def _limits(container: ContainerSpec, file_limit: int | None) -> list[str]:
    default_limits = [] if file_limit is None else [f"{resource.RLIMIT_NOFILE} {file_limit} {UNCHANGED_LIMIT}"]
    return default_limits + [f"{_limit_number(limit.name)} {limit.soft} {limit.hard}" for limit in container.ulimits]


def _limit_number(name: str) -> int:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if not isinstance(number, int):
        raise cannot_start(f"there is no limit named {name!r}")
    return number
