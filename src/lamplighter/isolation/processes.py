"""Keep a few worker processes for work that may take long, each with limits of time and memory (`limits.py`).

The processes start with the first request and end after a while without requests. A process that exceeds a limit dies;
only the request that it was working on fails.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import process_seconds
from lamplighter.isolation.framing import LENGTH, pack, unpack
from lamplighter.isolation.limits import Limits
from lamplighter.isolation.messages import OUT_OF_MEMORY, Crashed, RefusalQuestion
from lamplighter.isolation.port import SLOW_SECONDS, LimitExceeded
from lamplighter.isolation.requests import Answer, Request

MAX_PROCESSES = max(2, min(4, os.cpu_count() or 2))
IDLE_SECONDS = 60
"""Seconds without a request after which all processes end."""
LARGE_MESSAGE_BYTES = 65_536
"""The bytes of a message from which on it is decoded in a thread."""
MIN_CHECK_SECONDS = 0.05
EXIT_CHECKS = 500
"""The number of waits of 10 ms in which a process that has closed its socket must exit."""
INHERITED_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""The environment variables that a worker process gets from the engine."""


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A worker process and the socket to it. It answers one request at a time."""

    _process: "subprocess.Popen[bytes]"
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, limits: Limits) -> "WorkerProcess":
        """Start a worker process. Raises `OSError` if the system has no room for one."""
        engine_socket, worker_socket = socket.socketpair()
        try:
            with worker_socket:
                process = _spawn(worker_socket.fileno(), limits)
        except BaseException:
            engine_socket.close()
            raise
        reader, writer = await asyncio.open_connection(sock=engine_socket)
        return cls(process, reader, writer)

    @property
    def is_alive(self) -> bool:
        """Return whether the process can accept another request."""
        return self._process.poll() is None

    @property
    def cpu_seconds(self) -> float | None:
        """Return the seconds of processor time that the process has used, or None if they are unknown."""
        return process_seconds(self._process.pid)

    async def answer(self, request: Request, refusal_reason: RefusalReason) -> Answer | Crashed:
        """Send a request and return the answer. Raises `EOFError` or `OSError` if the process has ended."""
        await self._send(request)
        while isinstance(found := await self._receive(), RefusalQuestion):
            await self._send(refusal_reason(found.resource, found.parameters))
        answered: Answer | Crashed = found
        return answered

    async def wait_status(self) -> int:
        """Wait for a process that has closed its socket; return its exit status."""
        for _ in range(EXIT_CHECKS):
            if not self.is_alive:
                break
            await asyncio.sleep(0.01)
        return self.kill()

    def kill(self) -> int:
        """Kill the process, close its socket and return its exit status."""
        self._writer.close()
        self._process.kill()
        return self._process.wait()

    async def _send(self, message: Json) -> None:
        self._writer.write(pack(message))
        await self._writer.drain()

    async def _receive(self) -> Json:
        head = await self._reader.readexactly(LENGTH.size)
        body = await self._reader.readexactly(LENGTH.unpack(head)[0])
        return await run_in_thread(partial(unpack, body)) if len(body) > LARGE_MESSAGE_BYTES else unpack(body)


def _spawn(descriptor: int, limits: Limits) -> "subprocess.Popen[bytes]":
    arguments = [str(descriptor), *map(str, astuple(limits))]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "lamplighter.isolation", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ},
        pass_fds=[descriptor],
        start_new_session=True,  # a terminal's Ctrl-C must reach only the engine
    )


def _exit_reason(status: int, limits: Limits) -> str:
    """Return why a process has ended, derived from its exit status."""
    if status == -signal.SIGXCPU:
        return f"the computation took more than {limits.cpu_seconds} seconds of processor time"
    if status in (OUT_OF_MEMORY, -signal.SIGABRT):  # C libraries abort the process if they get no memory
        return f"the computation needed more than {limits.memory >> 20} MiB of memory"
    return f"the process of the computation ended with status {status}"


async def _watch_cpu_time(process: WorkerProcess, on_slow: Callable[[], None]) -> None:
    """Call `on_slow` after SLOW_SECONDS of the process's processor time, or of real time if that is not reported."""
    seconds_before, remaining = process.cpu_seconds, SLOW_SECONDS
    while remaining > 0:
        await asyncio.sleep(max(remaining, MIN_CHECK_SECONDS))
        used = process.cpu_seconds
        remaining = 0 if seconds_before is None or used is None else SLOW_SECONDS - (used - seconds_before)
    on_slow()


class WorkerProcesses:
    """Runs work in worker processes."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - it is frozen
        self._limits = limits
        self._semaphore = asyncio.Semaphore(MAX_PROCESSES)
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(
        self, request: Request, refusal_reason: RefusalReason, on_slow: Callable[[], None] | None = None
    ) -> Answer:
        """Answer a request. Raises `LimitExceeded`, `Bug` for a failed request, `OSError` if no process can start."""
        async with self._semaphore:
            process = await self._take_process()
            watch = None if on_slow is None else asyncio.create_task(_watch_cpu_time(process, on_slow))
            try:
                answered = await self._answer(process, request, refusal_reason)
            finally:
                if watch is not None:
                    watch.cancel()
                self._put_back(process)
        if isinstance(answered, Crashed):
            raise Bug(answered.trace)
        return answered

    async def close(self) -> None:
        """Kill all processes; the requests in progress fail."""
        self._closed = True
        for process in [*self._busy, *self._idle]:
            process.kill()
        self._idle.clear()
        if self._reaper is not None:
            self._reaper.cancel()

    async def _answer(
        self, process: WorkerProcess, request: Request, refusal_reason: RefusalReason
    ) -> Answer | Crashed:
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                return await process.answer(request, refusal_reason)
        except TimeoutError:
            process.kill()
            raise LimitExceeded(f"the computation did not end within {self._limits.wall_seconds} seconds") from None
        except (EOFError, OSError):
            reason = (
                "the engine is stopping" if self._closed else _exit_reason(await process.wait_status(), self._limits)
            )
            raise LimitExceeded(reason) from None
        except BaseException:
            process.kill()
            raise

    async def _take_process(self) -> WorkerProcess:
        if self._reaper is not None:
            self._reaper.cancel()
        while self._idle and not self._idle[-1].is_alive:
            self._idle.pop().kill()
        if self._closed:
            raise LimitExceeded("the engine is stopping")
        process = self._idle.pop() if self._idle else await WorkerProcess.start(self._limits)
        self._busy.add(process)
        return process

    def _put_back(self, process: WorkerProcess) -> None:
        self._busy.discard(process)
        if process.is_alive and not self._closed:
            self._idle.append(process)
        if not self._busy and not self._closed:
            self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        while self._idle:
            self._idle.pop().kill()
