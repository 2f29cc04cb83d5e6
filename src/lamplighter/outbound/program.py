"""Programs: a command line of the owner's, run by /bin/sh on this machine.

Promises that it has ended when `run` returns, or was killed with all that it started. What it writes goes nowhere but,
the end of its standard error, into the reason why it failed.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from lamplighter.outbound.port import Undelivered

PATIENCE = 60.0
"""Seconds that a program may take."""
LANES = 4
"""How many run at once."""
MAIL_SERVER = "LAMPLIGHTER_SMTP"
"""What the engine may be told in its environment, and no program of a topic."""
TAIL = 500
"""Characters of standard error that are kept."""


class ShellPrograms:
    """Runs command lines with /bin/sh."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lanes = asyncio.Semaphore(LANES)

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Run to the end."""
        async with self._lanes:
            try:
                process = await asyncio.create_subprocess_exec(
                    "/bin/sh",
                    "-c",
                    command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env={**_inherited(), **environment},
                    start_new_session=True,
                )
            except OSError as error:
                raise Undelivered(f"it could not be run: {error}", again=True) from None
            await self._see_through(process, given)

    async def _see_through(self, process: asyncio.subprocess.Process, given: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience):
                _, errors = await process.communicate(given)
        except TimeoutError:
            await _kill(process)
            raise Undelivered(f"it had not ended after {self._patience:g} s", again=True) from None
        except BaseException:
            await _kill(process)
            raise
        if process.returncode != 0:
            tail = errors.decode(errors="replace").strip()[-TAIL:]
            raise Undelivered(f"it ended with {process.returncode}{': ' if tail else ''}{tail}", again=True)


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
        raise Undelivered("this engine runs no commands (--no-commands)", again=False)
