"""Run the user's command lines with /bin/sh on this machine.

Guarantees one run of the program for each call of `run`. Exit code 0 means that the message is delivered, even if the
program did not read the message or left processes running. When `run` returns, the program has ended, or was killed
together with its process group. Its output is discarded, except the end of its standard error, which goes into the
reason of a failure. Its standard input is a file in memory instead of a pipe, so that a program that does not read
cannot break a pipe.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import BinaryIO

from lamplighter.outbound.port import DeliveryFailed

TIMEOUT_SECONDS = 60.0
MAX_PROGRAMS = 4
MAIL_SERVER_VARIABLE, HEARTBEAT_VARIABLE = "LAMPLIGHTER_SMTP", "LAMPLIGHTER_HEARTBEAT"
"""The engine's environment variables with the URLs of the mail server and of the heartbeat."""
SECRET_VARIABLES = frozenset({MAIL_SERVER_VARIABLE, HEARTBEAT_VARIABLE})
"""The variables that programs do not get because they are secrets."""
MAX_ERROR_CHARACTERS = 500
FILES_PER_START = 10
CHECK_SECONDS = 0.5
"""Seconds between two checks for free file descriptors."""
READ_BYTES = 64 * 1024


class ShellPrograms:
    """A runner that runs command lines with /bin/sh."""

    def __init__(
        self,
        timeout_seconds: float = TIMEOUT_SECONDS,
        file_limit: int | None = None,
        has_room: Callable[[int], bool] = lambda _files: True,
    ) -> None:
        """Set the limits for all programs.

        `file_limit` is the soft limit of open files that programs get; None means the engine's own limit. `has_room`
        returns whether this process may open that many more files.
        """
        self._timeout_seconds = timeout_seconds
        self._limit = "" if file_limit is None else f"ulimit -S -n {file_limit}; "
        self._has_room = has_room
        self._semaphore = asyncio.Semaphore(MAX_PROGRAMS)

    async def run(self, command: str, stdin: bytes, environment: Mapping[str, str]) -> None:
        """Run the command to its end; raise `DeliveryFailed` if it fails or takes too long."""
        async with self._semaphore:
            while not self._has_room(FILES_PER_START):  # noqa: ASYNC110 - closing a file sends no event
                await asyncio.sleep(CHECK_SECONDS)
            try:
                with _file(stdin) as message:
                    process = await asyncio.create_subprocess_exec(
                        "/bin/sh",
                        "-c",
                        self._limit + 'exec /bin/sh -c "$0"',
                        command,
                        stdin=message,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=asyncio.subprocess.PIPE,
                        env={**_program_environment(), **environment},
                        start_new_session=True,
                    )
            except OSError as error:
                raise DeliveryFailed(f"the command could not be started: {error}", retryable=True) from None
            await self._wait_for_exit(process)

    async def _wait_for_exit(self, process: asyncio.subprocess.Process) -> None:
        errors = b""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                errors = await _read_stderr_tail(process)
                await process.wait()
        except TimeoutError:
            exit_code = process.returncode
            await _kill(process)
            if exit_code is None:
                raise DeliveryFailed(
                    f"the command did not finish within {self._timeout_seconds:g} s", retryable=True
                ) from None
        except BaseException:
            await _kill(process)
            raise
        if process.returncode != 0:
            tail = errors.decode(errors="replace").strip()[-MAX_ERROR_CHARACTERS:]
            why = f"the command failed with exit code {process.returncode}"
            raise DeliveryFailed(f"{why}{': ' if tail else ''}{tail}", retryable=True)


@contextmanager
def _file(content: bytes) -> Iterator[int]:
    """Yield the descriptor of a file with the content, at its beginning; in memory if the system supports that."""
    if hasattr(os, "memfd_create"):
        opened: BinaryIO = os.fdopen(os.memfd_create("message"), "w+b")
    else:
        opened = TemporaryFile()  # noqa: SIM115 - closed below
    with opened:
        opened.write(content)
        opened.seek(0)
        yield opened.fileno()


async def _read_stderr_tail(process: asyncio.subprocess.Process) -> bytes:
    """Return the end of the program's standard error."""
    assert process.stderr is not None
    kept = b""
    while piece := await process.stderr.read(READ_BYTES):
        kept = (kept + piece)[-4 * MAX_ERROR_CHARACTERS :]
    return kept


def _program_environment() -> dict[str, str]:
    """Return the engine's own environment without its secrets."""
    return {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a program and all processes of its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


class NoPrograms:
    """A runner that refuses every command line, because the user disabled commands."""

    async def run(self, command: str, stdin: bytes, environment: Mapping[str, str]) -> None:
        """Raise `DeliveryFailed`."""
        del command, stdin, environment
        raise DeliveryFailed("this engine does not run commands (--no-commands, or --deny commands)", retryable=False)
