"""Start engines for measures, and read what the kernel knows about their processes."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from lamplighter.base.json_text import Json

START_SECONDS = 60
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
    port = free_port()
    with Path(log or os.devnull).open("wb") as output:
        process = subprocess.Popen(engine_command(data, port, *options), cwd=folder, stdout=output, stderr=output)
        try:
            wait_until_answers(port, process)
            yield EngineProcess(process.pid, port)
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_until_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when an engine answers."""
    _wait(process, lambda: fetch(port, "/_lamplighter/health"))


def wait_until_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when a process accepts connections."""
    _wait(process, lambda: socket.create_connection(("127.0.0.1", port)).close())


def _wait(process: "subprocess.Popen[bytes]", connect: Callable[[], object]) -> None:
    """Return when a function that connects to a process succeeds."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connect()
        except OSError:
            time.sleep(0.01)
        else:
            return
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
    """Return the processor time that a process and its present descendants have used."""
    ticks = sum(sum(map(int, _stat_fields(each)[11:13])) for each in process_tree(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, kind: str) -> float:
    """Return the memory of a process and its descendants; `kind` is `Rss` or `Pss`."""
    kib = 0
    for each in process_tree(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            kib += int(line.split()[1]) if line.startswith(f"{kind}:") else 0
    return kib / 1024


def process_tree(pid: int) -> Sequence[int]:
    """Return a process and its descendants."""
    found = [pid]
    for each in found:
        for thread in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _stat_fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
