"""Start engines for measures, and read what the kernel knows about their processes."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import boto3
from botocore.config import Config

from lamplighter.base.json_text import Json
from lamplighter.cli.engine_address import ADDRESS_FILE

T = TypeVar("T")

START_SECONDS = 180
"""The longest time that an engine may take until it answers."""
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """A running engine."""

    pid: int
    port: int

    @property
    def endpoint(self) -> str:
        """Return the URL of the engine."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Json:
        """Return a boto3 client for calls whose speed is not measured."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="bench",
            aws_secret_access_key="bench",  # noqa: S106 - the engine accepts any
            config=Config(retries={"max_attempts": 0}),
        )


def engine_command(data: Path, port: int, *options: str) -> list[str]:
    """Return the command line of an engine on a data directory."""
    return [sys.executable, "-m", "lamplighter", "up", "--port", str(port), "--data", str(data), *options]


@contextmanager
def start_engine(
    data: Path, *options: str, folder: Path | None = None, log: Path | None = None
) -> Iterator[EngineProcess]:
    """Run an engine while the block runs; `folder` is its working directory, `log` the file that gets its output."""
    data.joinpath(ADDRESS_FILE).unlink(missing_ok=True)  # that of an engine that was killed
    with Path(log or os.devnull).open("wb") as output:
        process = subprocess.Popen(engine_command(data, 0, *options), cwd=folder, stdout=output, stderr=output)
        try:
            port = _wait(process, lambda: read_port(data))
            _wait(process, lambda: fetch(port, "/_lamplighter/health"))
            yield EngineProcess(process.pid, port)
        finally:
            process.terminate()
            process.wait()


def read_port(data: Path) -> int:
    """Return the port of the engine that runs on a data directory. Raises OSError while it does not serve."""
    return int(data.joinpath(ADDRESS_FILE).read_text().split()[0].rpartition(":")[2])


def free_port() -> int:
    """Return a port of this machine that nobody uses now, for a server that can choose none itself."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_until_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when a process accepts connections."""
    _wait(process, lambda: socket.create_connection(("127.0.0.1", port)).close())


def _wait(process: "subprocess.Popen[bytes]", connect: Callable[[], T]) -> T:
    """Call a function that connects to a process until it succeeds, and return its result."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return connect()
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"the process does not answer; its exit code is {process.poll()}")


def read_metric(engine: EngineProcess, name: str) -> float:
    """Return a metric of an engine that has no labels."""
    text = fetch(engine.port, "/_lamplighter/metrics")
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def read_metric_by_label(engine: EngineProcess, name: str) -> dict[str, float]:
    """Return a metric of an engine by the values of its label."""
    text = fetch(engine.port, "/_lamplighter/metrics")
    return {found[1]: float(found[2]) for found in re.finditer(f'^{name}{{[a-z]+="(.*)"}} (.*)$', text, re.MULTILINE)}


def fetch(port: int, path: str) -> str:
    """Return the body of a GET request."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.read().partition(b"\r\n\r\n")[2].decode()


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and its descendants have used, also those that have ended."""
    return sum(map(_used_ticks, process_tree(pid))) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, kind: str) -> float:
    """Return the memory of a process and its descendants; `kind` is `Rss` or `Pss`."""
    kib = 0
    for each in process_tree(pid):
        for line in _read_lines(Path(f"/proc/{each}/smaps_rollup")):
            kib += int(line.split()[1]) if line.startswith(f"{kind}:") else 0
    return kib / 1024


def process_tree(pid: int) -> Sequence[int]:
    """Return a process and its descendants."""
    found = [pid]
    for each in found:
        with suppress(FileNotFoundError, ProcessLookupError):  # the process has ended
            for thread in Path(f"/proc/{each}/task").iterdir():
                for line in _read_lines(thread / "children"):
                    found += map(int, line.split())
    return found


def _used_ticks(pid: int) -> int:
    """Return the time that a process and those of its descendants have used that have ended; 0 if it has ended."""
    return sum(sum(map(int, line.rpartition(")")[2].split()[11:15])) for line in _read_lines(Path(f"/proc/{pid}/stat")))


def _read_lines(file: Path) -> Sequence[str]:
    """Return the lines of a file in /proc, none if its process or thread has ended."""
    try:
        return file.read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
