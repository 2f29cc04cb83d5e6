"""Run the health checks of plain processes, and judge their results as Docker does.

A check runs as the process does: with its user, its variables and its working directory, but without its limits. The
engine runs the checks. After an engine was killed, the next one begins to count again, and the health that is stored
remains until it finds another. See https://docs.docker.com/reference/dockerfile/#healthcheck.
"""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable

from lamplighter.runtime.port import CannotStart, ContainerSpec, Health, HealthCheck
from lamplighter.runtime.process.process_user import resolve_user

_SHELL = ("/bin/sh", "-c")

log = logging.getLogger("lamplighter.processes")


class HealthJudge:
    """Judges the results of one container's checks; `started_at` is the start of the container in milliseconds."""

    def __init__(self, check: HealthCheck, started_at: int) -> None:
        self._check = check
        self._lenient_until = started_at + check.start_period * 1000
        self._failures = 0
        self._health: Health = "UNKNOWN"

    def judge(self, now: int, *, succeeded: bool) -> Health:
        """Return the health after a check that ended now."""
        if succeeded:
            self._failures, self._health = 0, "HEALTHY"
        elif self._health != "UNKNOWN" or now >= self._lenient_until:
            self._failures += 1
            if self._failures >= self._check.retries:
                self._health = "UNHEALTHY"
        return self._health


async def watch_health(
    container: ContainerSpec, started_at: int, now: Callable[[], int], gone: asyncio.Event
) -> AsyncGenerator[Health, None]:
    """Yield the health as soon as it is known and then each change, until `gone` is set."""
    check = container.health_check
    if check is None:
        return
    judge, last = HealthJudge(check, started_at), "UNKNOWN"
    while not await _is_set_within(gone.wait(), check.interval):
        failure = await run_check(container, check)
        health = judge.judge(now(), succeeded=failure is None)
        if health != last and not gone.is_set():
            last = health
            if failure is not None:
                log.warning("%s is unhealthy: its health check %s", container.name, failure)
            yield health


async def run_check(container: ContainerSpec, check: HealthCheck) -> str | None:
    """Run a check once; return why it failed, or None if it succeeded within its time."""
    try:
        process = await asyncio.to_thread(_start, container, check)
    except (OSError, CannotStart, subprocess.SubprocessError) as error:
        return f"cannot be started: {error}"
    try:
        if not await _ends_within(process, check.timeout):
            return f"took longer than {check.timeout:g} s"
        code = process.poll()
        return None if code == 0 else f"ended with {code}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()  # It has ended, or was just killed.


def _start(container: ContainerSpec, check: HealthCheck) -> "subprocess.Popen[bytes]":
    kind, *arguments = check.command
    user = resolve_user(container.user)
    ids = user.ids
    return subprocess.Popen(
        arguments if kind == "CMD" else [*_SHELL, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=container.working_directory or "/",
        env={**user.environment, **container.environment},
        user=ids[0] if ids else None,
        group=ids[1] if ids else None,
        extra_groups=ids[1:] if ids else None,
        start_new_session=True,
    )


async def _ends_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Return whether a process ends in time, without a thread that waits for it."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    try:
        return await _is_set_within(ended.wait(), seconds)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _is_set_within(waiting: Awaitable[object], seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return False
    return True
