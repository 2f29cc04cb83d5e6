"""Programs: a command line of the owner's, run by /bin/sh on this machine.

Promises that it runs once for each message that it takes: exit code 0 means that the message is delivered, whether the
program read it or not, and whatever it left running. It has ended when `run` returns, or was killed with all that it
started. What it writes goes nowhere but, the end of its standard error, into the reason why it failed. Its standard
input is a file in memory and no pipe, so that a program which does not read can break nothing.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import BinaryIO

from lamplighter.outbound.port import DeliveryFailed

PATIENCE = 60.0
"""Seconds that a program may take."""
LANES = 4
"""How many run at once."""
MAIL_SERVER = "LAMPLIGHTER_SMTP"
"""What the engine may be told in its environment, and no program of a topic."""
TAIL = 500
"""Characters of standard error that are kept."""
NEEDED = 10
"""Files that may be open while a program is started."""
PAUSE = 0.5
"""Seconds until we look again whether there is room for them."""
CHUNK = 64 * 1024
"""Bytes of standard error that are read at once."""


class ShellPrograms:
    """Runs command lines with /bin/sh."""

    def __init__(
        self,
        patience: float = PATIENCE,
        files: int | None = None,
        has_room: Callable[[int], bool] = lambda _files: True,
    ) -> None:
        """`files`: the soft limit of open files that programs get; None: the engine's own.

        `has_room` tells whether this process may open so many files more.
        """
        self._patience = patience
        self._limit = "" if files is None else f"ulimit -S -n {files}; "
        self._has_room = has_room
        self._lanes = asyncio.Semaphore(LANES)

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Run to the end."""
        async with self._lanes:
            while not self._has_room(NEEDED):  # noqa: ASYNC110 - whoever closes a file tells nobody
                await asyncio.sleep(PAUSE)
            try:
                with _file(given) as message:
                    process = await asyncio.create_subprocess_exec(
                        "/bin/sh",
                        "-c",
                        self._limit + 'exec /bin/sh -c "$0"',
                        command,
                        stdin=message,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=asyncio.subprocess.PIPE,
                        env={**_inherited(), **environment},
                        start_new_session=True,
                    )
            except OSError as error:
                raise DeliveryFailed(f"it could not be run: {error}", again=True) from None
            await self._see_through(process)

    async def _see_through(self, process: asyncio.subprocess.Process) -> None:
        errors = b""
        try:
            async with asyncio.timeout(self._patience):
                errors = await _tail(process)
                await process.wait()
        except TimeoutError:
            ended = process.returncode
            await _kill(process)
            if ended is None:
                raise DeliveryFailed(f"it had not ended after {self._patience:g} s", again=True) from None
        except BaseException:
            await _kill(process)
            raise
        if process.returncode != 0:
            tail = errors.decode(errors="replace").strip()[-TAIL:]
            raise DeliveryFailed(f"it ended with {process.returncode}{': ' if tail else ''}{tail}", again=True)


@contextmanager
def _file(content: bytes) -> Iterator[int]:
    """A file that holds the content, to be read from its beginning; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        opened: BinaryIO = os.fdopen(os.memfd_create("message"), "w+b")
    else:
        opened = TemporaryFile()  # noqa: SIM115 - closed below
    with opened:
        opened.write(content)
        opened.seek(0)
        yield opened.fileno()


async def _tail(process: asyncio.subprocess.Process) -> bytes:
    """The end of what a program writes to its standard error."""
    assert process.stderr is not None
    kept = b""
    while piece := await process.stderr.read(CHUNK):
        kept = (kept + piece)[-4 * TAIL :]
    return kept


def _inherited() -> dict[str, str]:
    """The engine's own environment without its secret."""
    return {name: value for name, value in os.environ.items() if name != MAIL_SERVER}


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End a program and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


class NoPrograms:
    """Runs nothing: the owner wants it so."""

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Refuse."""
        del command, given, environment
        raise DeliveryFailed("this engine runs no commands (--no-commands, or --deny commands)", again=False)
