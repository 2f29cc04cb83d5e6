"""Define the interface of a runtime, which runs containers.

This module defines a container's description, its start, its exit, its output, and the errors. One contract test suite
tests every guarantee in `Runtime` on each implementation. Field names follow the container definition of ECS:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from lamplighter.base.errors import Bug, LamplighterError
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine

Health: TypeAlias = Literal["UNKNOWN", "HEALTHY", "UNHEALTHY"]

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""The reason of a container that ran out of memory, in ECS's words (see ECS's stopped task errors)."""

NAMESPACE_MODES = ("host", "none", "shareable")
"""What a namespace may be besides that of another container."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


class RuntimeUnavailable(LamplighterError):
    """The runtime does not answer. Nothing is lost and nothing has failed; try again later."""


class InvalidRuntimeAddress(RuntimeUnavailable):
    """The configured address of the runtime is invalid, so that it never answers."""


class ImageUnavailable(LamplighterError):
    """The image is not on this machine and cannot be pulled; the text is ECS's, `CannotPullContainerError: …`."""


class CannotStart(LamplighterError):
    """The container can never run as described; the text is ECS's, `CannotStartContainerError: …` or the like."""


class NamespacesEnded(LamplighterError):
    """The container whose namespaces this one shares has ended; this one may start when the other one runs again."""


class StartCalledOff(LamplighterError):
    """The start was called off before the container ran; nothing of the container exists, unless it existed before."""


def never() -> bool:
    """Return False: the start is not called off."""
    return False


def check_not_called_off(container: "ContainerSpec", is_called_off: Callable[[], bool]) -> None:
    """Raise `StartCalledOff` if the start of a container was called off."""
    if is_called_off():
        raise StartCalledOff(f"the start of {container.name} was called off")


def cannot_start(reason: str) -> CannotStart:
    """Return the error for a container that cannot be started, in ECS's form."""
    return CannotStart(f"CannotStartContainerError: {reason}")


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory or file of the host, or a volume, that the container sees."""

    source: str
    """A path of the host (it begins with a slash) or the name of a volume."""
    target: str
    """The path in the container."""
    read_only: bool = False
    create: bool = True
    """Whether a missing path of the host is created; otherwise the container cannot start."""
    driver: str | None = None
    """The driver of a volume that is created; None means the runtime's own."""
    driver_options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """The labels of a volume that is created."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the host that the container sees."""

    source: str
    target: str
    permissions: str
    """Some of the letters `rwm`: read, write, mknod."""


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """A file system in memory."""

    target: str
    options: str
    """The size and the mount options, as mount(8) has them: `size=64m,noexec`."""


@dataclass(frozen=True, slots=True)
class Ulimit:
    """A kernel limit for each process of the container."""

    name: str
    """The limit's name as ECS spells it: nofile, nproc, core, …"""
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the container that other programs of this machine reach."""

    container: int
    host: int | None
    """The port of this machine; None lets the runtime choose one."""
    protocol: str = "tcp"
    """`tcp` or `udp`."""
    count: int = 1
    """How many consecutive ports these are, of which `container` and `host` are the first."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A command that finds out again and again whether the container is healthy."""

    command: tuple[str, ...]
    """`CMD` and a program with its arguments, or `CMD-SHELL` and a line for the shell."""
    interval: float
    """Seconds from the end of one check to the next; also from the start to the first check."""
    timeout: float
    """Seconds after which a check counts as failed."""
    retries: int
    """So many failures in a row make the container unhealthy."""
    start_period: float
    """Seconds after the start in which failures do not count, unless a check has succeeded before."""


@dataclass(frozen=True, slots=True)
class LogDriver:
    """Another place to which Docker sends the output, besides the log that the engine reads."""

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """The description of one container for one attempt."""

    name: str
    """The container's name, which is never reused: letters, digits, `_`, `.` and `-`, at most 200 characters."""
    image: str | None = None
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    user: str | None = None
    """`user` or `user:group`, by name or by number."""
    cpu: int = 0
    """CPU units: the container's share of a busy machine, where 1024 is one vCPU; 0 leaves it to the runtime."""
    memory: int | None = None
    """The hard limit in MiB: a container that needs more is killed."""
    memory_reservation: int | None = None
    """The soft limit in MiB."""
    network: str | None = None
    """The name of a pause container whose network this one shares, as the containers of an awsvpc task do."""
    docker_network: str | None = None
    """A network of the runtime, by name, or `host` or `none`; it has no effect on a container with a `network`."""
    gpus: int = 0
    """The number of GPUs; -1 means all."""
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    devices: tuple[Device, ...] = ()
    shared_memory: int | None = None
    """The size of /dev/shm in MiB."""
    added_capabilities: tuple[str, ...] = ()
    dropped_capabilities: tuple[str, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    swap: int | None = None
    """MiB of swap beside the `memory`; None means none."""
    swappiness: int | None = None
    hostname: str | None = None
    """No effect on a container with a `network`, like `dns_servers`, `dns_domains`, `links` and `ports`."""
    dns_servers: tuple[str, ...] = ()
    dns_domains: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    """Names of other containers by the name under which this one finds them."""
    ports: tuple[Port, ...] = ()
    no_network: bool = False
    """Whether the container has no network at all."""
    pid_mode: str | None = None
    """`host`, or the name of a pause container whose processes this one sees."""
    ipc_mode: str | None = None
    """`host`, `none`, `shareable`, or the name of a pause container whose shared memory this one has."""
    kernel_settings: Mapping[str, str] = field(default_factory=dict)
    """Values of sysctl(8) by name."""
    security_options: tuple[str, ...] = ()
    """Labels of SELinux and profiles of AppArmor, as Docker's `--security-opt` has them."""
    interactive: bool = False
    """Whether the standard input stays open."""
    terminal: bool = False
    log_driver: LogDriver | None = None
    health_check: HealthCheck | None = None
    stop_signal: str | None = None
    """The signal that asks the container to stop; None means that of the image, or else SIGTERM."""
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    """IP addresses by host name; no effect on a container with a `network`, which has the other's hosts file."""
    read_only_root: bool = False
    privileged: bool = False
    init: bool = False
    """Whether the container has a small init process that forwards signals and reaps children."""
    stop_timeout: int | None = None
    """Seconds between the stop signal and SIGKILL when the runtime itself stops."""

    @property
    def namespace_owner(self) -> str | None:
        """The name of the pause container whose namespaces this container shares; None if it shares none."""
        shared = (self.network, self.pid_mode, self.ipc_mode)
        return next((each for each in shared if each is not None and each not in NAMESPACE_MODES), None)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Bug(f"{self.name!r} cannot be the name of a container")


@dataclass(frozen=True, slots=True)
class StartedContainer:
    """The result of a start: the container runs, or has run."""

    runtime_id: str
    started_at: int
    """Milliseconds since the epoch, as all times in this module."""
    image_digest: str | None = None
    pull_started_at: int | None = None
    """The time when the pull began; None if no image had to be pulled."""
    pull_stopped_at: int | None = None
    ports: tuple[Port, ...] = ()
    """The ports of this machine by which the container is reached; each has a `host`."""


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image that this machine's Docker has under a name."""

    id: str
    digest: str
    """The digest in a registry, or the image's ID if it was never in one."""
    tags: tuple[str, ...]
    size: int
    """Bytes."""
    created: int
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ContainerExit:
    """The end of a container: its exit code, its time and possibly its reason."""

    code: int | None
    """The exit code (128 + n after signal n), or None if it can never be known; `reason` then explains why."""
    finished_at: int
    reason: str | None = None
    started_at: int | None = None
    """The time when the run that ended here began; None if it is not known."""


class Runtime(Protocol):
    """Runs containers that outlive the engine.

    Any operation may raise `RuntimeUnavailable` unless its description excludes that.
    """

    async def check(self) -> None:
        """Return if the runtime answers, each `wait` too; else raise `RuntimeUnavailable`, which says what to do."""

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Run the container, at most once ever under this name; return when it really runs.

        A container of this name that exists is adopted: one that was created but not started is started now; one that
        runs or has exited is left as it is. Raises `ImageUnavailable`, `NamespacesEnded` or `CannotStart`. After
        `CannotStart`, another call raises it again; after the others, nothing of the container exists.

        `is_called_off` is asked again after everything that takes long, such as a pull or a wait for other starts. If
        it returns True, a container that has not run does not start: raises `StartCalledOff`.
        """

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Run a container without a program, whose namespaces other containers share; it runs until it is stopped.

        It has no image and no command. One that runs is left as it is, and one that has ended runs again. A runtime
        without namespaces does nothing. Raises `CannotStart`.
        """

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Run a container that has exited once more; its output continues. One that runs is left as it is.

        Raises what `start` raises; the container then remains as it is. If the caller dies meanwhile, the next `start`
        of this container completes the restart or leaves it undone: `wait` then returns the earlier exit again.
        """

    async def wait(self, name: str) -> ContainerExit:
        """Return when the container has exited, or immediately if it already has; wait through an outage."""

    async def stop(self, name: str, grace: float) -> None:
        """Send the stop signal and, `grace` seconds later, SIGKILL; return when the container has exited.

        Do nothing if there is no such container.
        """

    def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Yield the health of a container that has a `health_check` as soon as it is known, and then each change.

        Ends when the container has exited; waits through an outage of the runtime.
        """

    def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Yield all output lines from the first one, follow while the container runs, and end when it has exited.

        Waits through an outage of the runtime. The order of lines is kept within each stream. The reading begins at the
        `cursor`, if there is one, and moves it: while the caller handles a line, it is exactly after that line. If the
        container is gone, nothing is yielded. The time for each line is short, and other tasks run between the lines.
        """

    async def remove(self, name: str) -> None:
        """Remove the container and its output; the caller has recorded its exit before.

        Do nothing if the container is gone. Raises `Bug` if it still runs.
        """

    async def names(self) -> frozenset[str]:
        """Return the names of all containers of this engine, in any state."""

    async def ended_names(self) -> frozenset[str]:
        """Return the names of this engine's containers that have run and exited."""

    async def close(self) -> None:
        """Close the connection to the runtime; the containers continue."""
