"""What the engine asks of whatever runs containers.

Promises the words: a container's recipe, its start, its exit, its output, and the errors. Every promise in `Runtime` is
a test of the one contract suite that each implementation runs. Field names follow the container definition of ECS:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from lamplighter.base.errors import Bug, LamplighterError

Stream: TypeAlias = Literal["stdout", "stderr"]

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""The container's reason as ECS words it; see the stopped task errors of the ECS developer guide."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


class RuntimeUnavailable(LamplighterError):
    """The runtime does not answer; nothing is lost and nothing is decided: ask again later."""


class ImageUnavailable(LamplighterError):
    """The image is not here and cannot be pulled; the text is ECS's, `CannotPullContainerError: …`."""


class CannotStart(LamplighterError):
    """The container can never run as described; the text is ECS's, `CannotStartContainerError: …` or the like."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A piece of the host's file system inside the container."""

    source: str
    """A path of the host (it begins with a slash, and is created where it is missing) or the name of a volume."""
    target: str
    """The path in the container."""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Ulimit:
    """A limit of the kernel for each process of the container."""

    name: str
    """As ECS spells it: nofile, nproc, core, …"""
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What to run: one attempt of one container."""

    name: str
    """Never repeats. Letters, digits, `_`, `.` and `-`, at most 200."""
    image: str | None = None
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    user: str | None = None
    """`user`, `user:group`, by name or by number."""
    cpu: int = 0
    """CPU units: a share of 1024 for one vCPU when the machine is busy; 0 leaves it to the runtime."""
    memory: int | None = None
    """Hard limit in MiB: a container that needs more is killed."""
    memory_reservation: int | None = None
    """Soft limit in MiB."""
    network: str | None = None
    """The name of another container whose network this one shares, as the containers of an awsvpc task do."""
    mounts: tuple[Mount, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name to IP address."""
    read_only_root: bool = False
    privileged: bool = False
    init: bool = False
    """Run a small init process that forwards signals and reaps children."""
    stop_timeout: int | None = None
    """Seconds between SIGTERM and SIGKILL when the runtime itself stops."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Bug(f"{self.name!r} cannot be the name of a container")


@dataclass(frozen=True, slots=True)
class StartedContainer:
    """The container runs, or has run."""

    runtime_id: str
    started_at: int
    """Milliseconds since the epoch, as are all times here."""
    image_digest: str | None = None
    pull_started_at: int | None = None
    """None where nothing had to be pulled."""
    pull_stopped_at: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerExit:
    """How the container ended."""

    code: int | None
    """128 + n for one that signal n killed; None where no one can know any more, and then `reason` says why."""
    finished_at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of output, without its line end; bytes that are no UTF-8 are replaced."""

    time: int
    stream: Stream
    text: str


class Runtime(Protocol):
    """Runs containers that outlive the engine. Any operation may raise RuntimeUnavailable unless it says otherwise."""

    async def check(self) -> None:
        """Return if the runtime answers; else RuntimeUnavailable says what to do about it."""

    async def start(self, container: Container) -> StartedContainer:
        """Run it, at most once ever under this name; return when it really runs.

        A container of this name that exists is adopted: one that was made but not started is started now, one that runs
        or has exited is taken as it is. Raises ImageUnavailable or CannotStart, and CannotStart again when asked again.
        """

    async def wait(self, name: str) -> ContainerExit:
        """Return when it has exited, at once if it has long ago; sits out a runtime that goes away and comes back."""

    async def stop(self, name: str, grace: float) -> None:
        """Send SIGTERM and, `grace` seconds later, SIGKILL; return when it has exited. Harmless if there is none."""

    def logs(self, name: str) -> AsyncGenerator[OutputLine, None]:
        """Give all its output in order from the first line, follow while it runs, end when it has exited.

        Sits out a runtime that goes away and comes back. The order is kept within each stream.
        """

    async def remove(self, name: str) -> None:
        """Forget it and its output; its exit must be on record. Harmless if it is gone; a Bug if it still runs."""

    async def names(self) -> frozenset[str]:
        """Name every container of this engine, in whatever state."""

    async def ended(self) -> frozenset[str]:
        """Name those of this engine's containers that have run and exited."""

    async def close(self) -> None:
        """Let go of the runtime; the containers go on."""
