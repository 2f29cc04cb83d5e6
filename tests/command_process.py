"""A command of the program in a process of its own, forked from a server that has imported the program already.

Imports take most of a command's processor time, and the tests start hundreds of commands. Such a command still has its
own environment, folder, standard streams and session, as if a shell had started it; only `/proc` shows another command
line. Tests of the start itself run `python -m lamplighter`.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_ANSWER_BYTES = 100


class CommandProcess:
    """A running command; `wait` must be called once."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        stdout: int,
        stderr: int,
        environment: Mapping[str, str] = os.environ,
        folder: Path | None = None,
        open_files: int | None = None,
    ) -> None:
        """Start a command, whose streams are these file descriptors; `open_files` limits its number of open files."""
        request = {
            "words": list(words),
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "open_files": open_files,
        }
        self._keeper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._keeper.connect(command_server())
        with Path(os.devnull).open("rb") as stdin:
            socket.send_fds(self._keeper, [json.dumps(request).encode()], [stdin.fileno(), stdout, stderr])
        self.pid = int(self._keeper.recv(MAX_ANSWER_BYTES))

    def is_running(self) -> bool:
        """Return whether the command has not ended."""
        return not select.select([self._keeper], [], [], 0)[0]

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to a command before `wait`; a command that has ended ignores it."""
        os.kill(self.pid, number)

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the end of the command; return its exit code, or minus the number of the signal that killed it.

        A command that takes longer than `seconds` writes its stacks to its standard error and ends. Until this call no
        other process gets the command's id.
        """
        with self._keeper:
            if not select.select([self._keeper], [], [], seconds)[0]:
                self.send_signal(signal.SIGABRT)
                raise TimeoutError(f"the command still runs after {seconds} s")
            assert self._keeper.recv(MAX_ANSWER_BYTES) == b"ended"
            self._keeper.send(b"?")
            return int(self._keeper.recv(MAX_ANSWER_BYTES))


@functools.cache
def command_server() -> str:
    """Start the server of this pytest worker, which ends with the worker; return the path of its socket."""
    folder = tempfile.TemporaryDirectory(prefix="lamplighter-commands-")
    path = f"{folder.name}/socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.command_server", path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], start_new_session=True,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    atexit.register(folder.cleanup)
    atexit.register(server.communicate)
    return path


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command's exit code and output."""

    code: int
    out: str
    err: str


def run_command(folder: Path, *words: str, environment: Mapping[str, str], seconds: float = 120) -> CommandResult:
    """Run a command in a folder until it ends."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = CommandProcess(
            words, stdout=out.fileno(), stderr=err.fileno(), environment=environment, folder=folder
        )
        code = command.wait(seconds)
        out.seek(0)
        err.seek(0)
        return CommandResult(code, out.read().decode(), err.read().decode())
