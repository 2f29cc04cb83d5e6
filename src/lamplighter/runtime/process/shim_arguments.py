"""Encode a container as the arguments of a shim: fields separated by NUL, which none of them can contain.

Guarantees that `execve` gets the values unchanged: no shell, no expansion. Rejects settings that a plain process cannot
have but a job would need.
"""

import resource
import signal
from collections.abc import Iterator, Mapping
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
    for given, wish in _wishes_for_docker(container):
        if given:
            raise cannot_start(f"{wish} Docker: a plain process has what this machine has")
    if not PurePosixPath(container.working_directory or "/").is_absolute():
        raise cannot_start(f"the working directory {container.working_directory!r} is not an absolute path")


def _wishes_for_docker(container: ContainerSpec) -> Iterator[tuple[bool, str]]:
    """Yield whether a container wishes for what only Docker can do, each with the first words of a sentence."""
    other_ports = any(port.host not in (None, port.container) for port in container.ports)
    yield bool(container.extra_hosts), "extra hosts need"
    yield other_ports, "another host port than the container's own needs"
    yield bool(container.dns_servers or container.dns_domains), "DNS servers and search domains need"
    yield bool(container.links), "links need"
    yield bool(container.hostname), "a host name needs"
    yield bool(container.kernel_settings), "system controls need"
    yield bool(container.devices or container.tmpfs), "devices and tmpfs need"
    yield bool(container.added_capabilities), "capabilities need"
    yield container.terminal or container.interactive, "a terminal or an open standard input needs"
    yield container.log_driver is not None, "the log driver needs"


def signal_number(name: str) -> int:
    """Return the number of a signal that is given as `SIGINT`, `INT` or `2`. Raises `CannotStart`."""
    plain = name.upper().removeprefix("SIG")
    numbers = {each.name.removeprefix("SIG"): int(each) for each in signal.Signals}
    number = int(plain) if plain.isascii() and plain.isdecimal() else numbers.get(plain, 0)
    if not 1 <= number <= max(signal.valid_signals()):
        raise cannot_start(f"there is no signal {name!r}")
    return number


def _limits(container: ContainerSpec, file_limit: int | None) -> list[str]:
    default_limits = [] if file_limit is None else [f"{resource.RLIMIT_NOFILE} {file_limit} {UNCHANGED_LIMIT}"]
    return default_limits + [f"{_limit_number(limit.name)} {limit.soft} {limit.hard}" for limit in container.ulimits]


def _limit_number(name: str) -> int:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if not isinstance(number, int):
        raise cannot_start(f"there is no limit named {name!r}")
    return number
