"""Run containers as plain processes of this machine: for definitions without an image and for machines without Docker.

Guarantees everything that `Runtime` guarantees: a detached shim (`shim.py`) watches each process, so that the process
outlives the engine, and the engine finds it again in its directory (`process_directory.py`). Rejects what a process
would need but cannot have: mount points, extra hosts and other ports than its own, for example. Memory and cpu are
limited where the engine may make cgroups (`cgroups.py`); the log says whether it may, when the first process starts.
Does not enforce what else only restricts: a read-only root, dropped capabilities, no network or the network of another
container; a process sees the whole machine. No shell is involved. Raises `RuntimeUnavailable` while a process cannot
start because there are too many open files or processes, or because its directory cannot be written; the engine then
waits.
"""

import asyncio
import contextlib
import errno
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from lamplighter.base.errors import Bug, require
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import (
    ContainerExit,
    ContainerSpec,
    Health,
    RuntimeUnavailable,
    StartedContainer,
    check_not_called_off,
    never,
)
from lamplighter.runtime.process import process_session, shim_arguments
from lamplighter.runtime.process.cgroups import ProcessCgroups
from lamplighter.runtime.process.health_check import watch_health
from lamplighter.runtime.process.launcher import LauncherProcess
from lamplighter.runtime.process.process_directory import ProcessDirectory, SessionLeader, is_locked
from lamplighter.runtime.process.shim_log import ShimLog
from lamplighter.runtime.process.shim_watch import ShimWatch

NO_CGROUPS = ProcessCgroups(None, "this engine makes no cgroups")
_SUPPORTED = hasattr(os, "pidfd_open") and Path("/proc/self/stat").exists()
_FILES_TO_START, _FILES_TO_READ = 8, 2
"""The open files of a starting process (one stays open until its removal), and of a reader of its output."""
_PAUSE = 0.02
"""Seconds between two checks of a shim that another engine is just starting: nothing else here is polled."""

log = logging.getLogger("lamplighter.processes")


class ProcessRuntime:
    """Runs plain processes; all their directories are in one directory."""

    def __init__(
        self,
        directory: Path,
        now: Callable[[], int],
        file_limit: int | None = None,
        has_room: Callable[[int], bool] = lambda _files: True,
        find_cgroups: Callable[[], ProcessCgroups] = lambda: NO_CGROUPS,
    ) -> None:
        """Set up the runtime without touching the directory.

        `file_limit` is the soft limit of open files for processes whose definition names none; None means the engine's
        own limit. `has_room` returns whether this process may open that many more files. `find_cgroups` finds the
        folder for the cgroups of the processes, before the first one starts.
        """
        self._directory = directory.absolute()
        self._now = now
        self._file_limit = file_limit
        self._has_room = has_room
        self._starting = 0
        self._launcher = LauncherProcess()
        self._watches: dict[str, ShimWatch] = {}
        self._find_cgroups = find_cgroups
        self._cgroups: ProcessCgroups | None = None
        self._has_logged_failure = False

    @property
    def cgroups(self) -> ProcessCgroups | None:
        """The cgroups of the processes; None before the first process."""
        return self._cgroups

    def _known_cgroups(self) -> ProcessCgroups:
        """Return the cgroups; the first call finds them, and logs whether processes are held to their memory."""
        if self._cgroups is None:
            self._cgroups = self._find_cgroups()
            log.log(logging.INFO if self._cgroups.folder else logging.WARNING, "%s", self._cgroups.summary)
        return self._cgroups

    def has(self, name: str) -> bool:
        """Return whether the directory of a process with this name exists."""
        return self._directory_of(name).path.is_dir()

    async def check(self) -> None:
        """Implement `Runtime.check`: raise `RuntimeUnavailable` if this machine cannot run plain processes."""
        if not _SUPPORTED:
            raise RuntimeUnavailable("plain processes need Linux 5.3 or later with /proc mounted: use Docker")

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Implement `Runtime.start`."""
        directory = self._directory_of(container.name)
        if directory.read_leader() is None and not directory.read_refusal():
            if directory.read_exit() is not None:
                directory.begin_again()  # an engine died while it restarted the process
            async with self._launcher.wait_for_place():
                check_not_called_off(container, is_called_off)
                await self._start_process(directory, container)
        if refusal := directory.read_refusal():
            raise refusal
        leader = require(directory.read_leader(), lambda: Bug(f"the process {container.name} ended before it started"))
        return StartedContainer(runtime_id=str(leader.pid), started_at=leader.started_at)

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Implement `Runtime.start_pause_container`: plain processes have the namespaces of this machine."""

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.restart`."""
        directory = self._directory_of(container.name)
        if directory.read_exit() is not None:
            await self.wait(container.name)  # its shim may live a moment longer
            if watch := self._watches.pop(container.name, None):
                watch.close()
            directory.begin_again()
        return await self.start(container)

    async def _start_process(self, directory: ProcessDirectory, container: ContainerSpec) -> None:
        """Return when this shim, or one that a dead engine started, has decided whether the process starts."""
        cgroups = self._known_cgroups()
        cgroup, limits = cgroups.path(container.name), cgroups.limits(container)
        arguments = shim_arguments.encode_arguments(directory.path, container, self._file_limit, cgroup, limits)
        with self._reserve_files():
            directory.make()
            if container.stop_signal is not None:
                directory.write_stop_signal(shim_arguments.signal_number(container.stop_signal))
            output = await self._launcher.start_shim(arguments)
            while directory.read_leader() is None:
                if not _has_shim(directory):
                    reason = output.decode(errors="replace").strip() or "it was killed, or its launcher was"
                    raise RuntimeUnavailable(f"the shim could not start: {reason}")
                await asyncio.sleep(_PAUSE)
            if directory.read_exit() is None:
                self._watch(container.name, reserved=True)
        if cgroup is not None:
            self._log_missing_limits(container.name, directory)

    def _log_missing_limits(self, name: str, directory: ProcessDirectory) -> None:
        """Log once that a process runs without limits because its cgroup could not be made."""
        reason = None if self._has_logged_failure else directory.read_missing_limits()
        if reason is not None:
            self._has_logged_failure = True
            log.warning("the process %s is not held to its memory: its cgroup cannot be made: %s", name, reason)

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        directory = self._directory_of(name)
        ended, leader = directory.read_exit(), directory.read_leader()
        if ended and not _has_shim(directory):  # while the shim lives, the exit may not be on disk yet
            return ended if leader is None else replace(ended, started_at=leader.started_at)
        if leader is None:
            return ContainerExit(None, self._now(), "there is no such process")
        await self._watch(name).gone.wait()
        ended = directory.read_exit() or await self._end_lost_session(directory, leader)
        return replace(ended, started_at=leader.started_at)

    async def _end_lost_session(self, directory: ProcessDirectory, leader: SessionLeader) -> ContainerExit:
        self._known_cgroups().kill(directory.path.name)
        await process_session.end_session(leader)
        return directory.read_exit() or directory.record_lost(self._now())

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`."""
        directory = self._directory_of(name)
        leader = directory.read_leader()
        if leader is None or directory.read_exit():
            return
        gone = self._watch(name).gone
        _signal(leader, directory.read_stop_signal(), gone)
        try:
            async with asyncio.timeout(grace):
                await gone.wait()
        except TimeoutError:
            _signal(leader, signal.SIGKILL, gone)
        await self.wait(name)

    async def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        cursor = OutputCursor() if cursor is None else cursor
        directory = self._directory_of(name)
        if directory.read_leader() is None:
            return
        watch = self._watch(name)
        if not self._has_room(_FILES_TO_READ):
            raise _too_many_files()
        with _resource_errors():
            log = directory.log.open("rb", buffering=0)
        with log:
            records = ShimLog(log, cursor)
            while True:
                ended = watch.gone.is_set()
                watch.changed.clear()
                lines = records.read()
                for line in lines or ():
                    yield line
                if lines is None and ended:
                    break
                await (watch.changed.wait() if lines is None else asyncio.sleep(0))
            for line in cursor.flush():
                yield line

    async def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`."""
        leader = self._directory_of(container.name).read_leader()
        if leader is None:
            return
        gone = self._watch(container.name).gone
        async with contextlib.aclosing(watch_health(container, leader.started_at, self._now, gone)) as changes:
            async for health in changes:
                yield health

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        directory = self._directory_of(name)
        if directory.read_leader() and not directory.read_exit() and not self._watch(name).gone.is_set():
            raise Bug(f"the process {name} still runs and cannot be removed")
        if watch := self._watches.pop(name, None):
            watch.close()
        await self._known_cgroups().remove(name)
        await asyncio.to_thread(directory.clear)

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        return frozenset(os.listdir(self._directory)) if self._directory.is_dir() else frozenset()

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`."""
        return frozenset(name for name in await self.names() if self._directory_of(name).read_exit() is not None)

    async def close(self) -> None:
        """Implement `Runtime.close`."""
        for watch in self._watches.values():
            watch.close()
        self._watches.clear()
        self._launcher.close()
        if self._cgroups is not None:
            self._cgroups.close()

    @contextlib.contextmanager
    def _reserve_files(self) -> Iterator[None]:
        """Reserve the files that one more starting process needs, beside those of the other starting processes."""
        if not self._has_room(_FILES_TO_START * (self._starting + 1)):
            raise _too_many_files()
        self._starting += 1
        try:
            with _resource_errors():
                yield
        finally:
            self._starting -= 1

    def _directory_of(self, name: str) -> ProcessDirectory:
        return ProcessDirectory(self._directory / name)

    def _watch(self, name: str, *, reserved: bool = False) -> ShimWatch:
        """Return the watch of a shim; with `reserved`, room for its file is reserved, and the files are not counted."""
        watch = self._watches.get(name)
        if watch is None:
            if not reserved and not self._has_room(1):
                raise _too_many_files()
            with _resource_errors():
                watch = self._watches[name] = ShimWatch(self._directory_of(name).alive)
        return watch


def _too_many_files() -> RuntimeUnavailable:
    return RuntimeUnavailable("too many open files to start another process: it waits until others have ended")


@contextlib.contextmanager
def _resource_errors() -> Iterator[None]:
    """Raise `RuntimeUnavailable` instead of an `OSError`, because the system lacks the resource only for a time."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise _too_many_files() from error
        raise RuntimeUnavailable(f"no process can be started now: {error}") from error


def _has_shim(directory: ProcessDirectory) -> bool:
    """Return whether a shim watches the process of this directory."""
    if not directory.alive.exists():
        return False
    with _resource_errors():
        alive = os.open(directory.alive, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return is_locked(alive)
    finally:
        os.close(alive)


def _signal(leader: SessionLeader, number: int, gone: asyncio.Event) -> None:
    """Send a signal to the process group. The group's number cannot be reused while its shim lives."""
    if not gone.is_set():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, number)
