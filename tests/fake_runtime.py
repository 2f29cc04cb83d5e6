"""Simulate a runtime that follows a test's scripts and clock.

Guarantees that the interface works without a process, a thread or a sleep. Guarantees that every call is recorded, so
that a test can count runs. The fake outlives engines, as Docker does: pass the same object to the next engine. Time
passes when the test moves its clock and calls `settle`. Nothing is really run.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

from lamplighter.base.errors import Bug
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine, Stream
from lamplighter.runtime.port import (
    CannotStart,
    ContainerExit,
    ContainerSpec,
    Health,
    ImageUnavailable,
    NamespacesEnded,
    RuntimeUnavailable,
    StartedContainer,
    check_not_called_off,
    never,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The behaviour of a simulated container."""

    lines: tuple[tuple[Stream, str], ...] = ()
    """The lines that the container writes when it starts."""
    code: int = 0
    reason: str | None = None
    after: int | None = 0
    """Milliseconds from start to exit; None means that it runs until `finish` or `stop`."""
    stop_code: int | None = 143
    """The exit code on SIGTERM; None means that the container ignores SIGTERM."""
    failure: ImageUnavailable | CannotStart | None = None
    """The error that `start` raises instead of starting the container."""
    answer_lost: bool = False
    """Whether the container starts but the first call of `start` raises `RuntimeUnavailable`."""


@dataclass(slots=True)
class _FakeContainer:
    script: Script
    started: StartedContainer
    due: tuple[int, int] | None
    """The time of its exit and its exit code."""
    lines: list[OutputLine] = field(default_factory=list)
    exit: ContainerExit | None = None
    health: Health = "UNKNOWN"


class FakeRuntime:
    """Simulates containers by scripts; without a script, a container exits immediately with code 0."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.calls: list[tuple[str, str]] = []
        """All calls in order, as operation and name; `run` means that a container really started."""
        self._now = now
        self._scripts: list[tuple[Callable[[ContainerSpec], bool], Script]] = []
        self._runs: dict[str, _FakeContainer] = {}
        self._failures: dict[str, CannotStart] = {}
        self._available = True
        self._starts_hang = False
        self._waiting: list[asyncio.Future[None]] = []

    def script(self, script: Script, when: Callable[[ContainerSpec], bool] = lambda _: True) -> None:
        """Set how the containers behave that `when` selects; of two scripts that match, the later one applies."""
        self._scripts.insert(0, (when, script))

    def count(self, operation: str, name: str) -> int:
        """Return the number of calls of an operation for a container."""
        return self.calls.count((operation, name))

    def go_away(self) -> None:
        """Stop answering; running containers continue."""
        self._available = False

    def hang_starts(self) -> None:
        """Let each start from now on take for ever, as a pull that makes no progress does."""
        self._starts_hang = True

    def come_back(self) -> None:
        """Answer again after `go_away`."""
        self._available = True
        self._wake()

    def settle(self) -> None:
        """End the containers whose exit is due by the clock."""
        for name, run in self._runs.items():
            if run.exit is None and run.due is not None and run.due[0] <= self._now():
                self._end(name, ContainerExit(run.due[1], run.due[0], run.script.reason))

    def finish(self, name: str, code: int = 0, reason: str | None = None) -> None:
        """Let a running container exit now."""
        self._end(name, ContainerExit(code, self._now(), reason))

    def set_health(self, name: str, health: Health) -> None:
        """Let the checks of a running container find this health."""
        self._runs[name].health = health
        self._wake()

    def write(self, name: str, text: str, stream: Stream = "stdout") -> None:
        """Let a running container write a line."""
        self._runs[name].lines.append(OutputLine(self._now(), stream, text))
        self._wake()

    async def check(self) -> None:
        """Implement `Runtime.check`."""
        self._call("check", "")

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Implement `Runtime.start`."""
        name = container.name
        self._call("start", name)
        if self._starts_hang:
            await self._until(lambda: False)
        if failure := self._failures.get(name):
            raise failure
        if name not in self._runs:
            check_not_called_off(container, is_called_off)
            self._check_namespaces(container)
            self._begin(container)
        return self._runs[name].started

    def _check_namespaces(self, container: ContainerSpec) -> None:
        if container.namespace_owner is not None and not self._is_running(container.namespace_owner):
            raise NamespacesEnded(f"{container.namespace_owner} has ended")

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Implement `Runtime.start_pause_container`: it runs until the test or the caller stops it."""
        self._call("start pause", container.name)
        if not self._is_running(container.name):
            self._runs.pop(container.name, None)
            started = StartedContainer(f"fake-{container.name}", self._now())
            self._runs[container.name] = _FakeContainer(Script(after=None, stop_code=137), started, None)

    def _begin(self, container: ContainerSpec) -> None:
        script = next((script for when, script in self._scripts if when(container)), Script())
        if isinstance(script.failure, CannotStart):
            self._failures[container.name] = script.failure
        if script.failure:
            raise script.failure
        self.calls.append(("run", container.name))
        now = self._now()
        due = None if script.after is None else (now + script.after, script.code)
        lines = [OutputLine(now, stream, text) for stream, text in script.lines]
        self._runs[container.name] = _FakeContainer(script, StartedContainer(f"fake-{container.name}", now), due, lines)
        self.settle()
        if script.answer_lost:
            raise RuntimeUnavailable("the fake runtime was told to lose this answer")

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.restart`: the container behaves as its script says, once more."""
        name = container.name
        self._call("restart", name)
        if self._is_running(name):
            return self._runs[name].started
        self._check_namespaces(container)
        earlier = self._runs.pop(name)
        try:
            self._begin(container)
        except CannotStart:
            self._runs[name] = earlier
            raise
        self._runs[name].lines[:0] = earlier.lines
        return self._runs[name].started

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        self.calls.append(("wait", name))
        await self._until(lambda: self._available and not self._is_running(name))
        return self._exit_of(name)

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`."""
        self._call("stop", name)
        if not self._is_running(name):
            return
        run = self._runs[name]
        kill = (self._now() + round(grace * 1000), 137)
        run.due = kill if run.script.stop_code is None else (self._now(), run.script.stop_code)
        self.settle()
        await self._until(lambda: not self._is_running(name))

    async def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`; a place is the number of lines before it."""
        self.calls.append(("logs", name))
        cursor = OutputCursor() if cursor is None else cursor
        cursor.place = cursor.place or 0
        while await self._has_line(name, cursor.place):
            cursor.place += 1
            yield self._runs[name].lines[cursor.place - 1]

    async def _has_line(self, name: str, number: int) -> bool:
        """Wait until the line exists or the container has exited; return whether the line exists."""
        lines = self._runs[name].lines if name in self._runs else []
        await self._until(lambda: self._available and (len(lines) > number or not self._is_running(name)))
        return len(lines) > number

    async def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`: what the test sets with `set_health`."""
        name, last = container.name, "UNKNOWN"
        run = self._runs.get(name)
        while run is not None:
            await self._until(lambda: self._available and (run.exit is not None or run.health != last))  # noqa: B023
            if run.exit is not None:
                return
            last = run.health
            yield run.health

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        self._call("remove", name)
        if self._is_running(name):
            raise Bug(f"the container {name} still runs and cannot be removed")
        self._runs.pop(name, None)
        self._failures.pop(name, None)

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        self._call("names", "")
        return frozenset(self._runs) | frozenset(self._failures)

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`."""
        self._call("ended", "")
        return frozenset(name for name in self._runs if not self._is_running(name))

    async def close(self) -> None:
        """Implement `Runtime.close`."""
        self.calls.append(("close", ""))

    def _call(self, operation: str, name: str) -> None:
        self.calls.append((operation, name))
        if not self._available:
            raise RuntimeUnavailable("the fake runtime was told to go away")

    def _is_running(self, name: str) -> bool:
        self.settle()
        return name in self._runs and self._runs[name].exit is None

    def _exit_of(self, name: str) -> ContainerExit:
        if name in self._failures:
            return ContainerExit(None, self._now(), str(self._failures[name]))
        run = self._runs.get(name)
        return (run and run.exit) or ContainerExit(None, self._now(), "there is no such container")

    def _end(self, name: str, ending: ContainerExit) -> None:
        run = self._runs[name]
        run.exit = replace(ending, started_at=run.started.started_at)
        self._wake()

    async def _until(self, ready: Callable[[], bool]) -> None:
        while not ready():
            change = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            await change

    def _wake(self) -> None:
        """Let every waiting call check its condition again; ignore those of event loops that are closed."""
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done() and not change.get_loop().is_closed():
                change.set_result(None)
