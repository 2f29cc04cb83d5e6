"""Run the harness `bench/endpoint`, which drives any AWS-compatible endpoint and also measured the peers.

The harness stays as it was then, so that the figures can be compared.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.engine_process import engine_command, free_port, start_engine, wait_until_listens
from lamplighter.base.json_text import Json

FOLDER = Path(__file__).parent / "endpoint"
IMAGE = "lamplighter-test:latest"
"""An image with `true` and `sh`, which the tests marked `docker` build."""
DOCKER_SECONDS = 10
"""The longest time that Docker may take to answer."""
CONNECTIONS = ("-c", "16")

Run = Callable[[Path], Json]
"""Measures something, with a folder of its own that does not exist yet, and returns the figures."""


def with_engine(*arguments: str) -> Run:
    """Return a measure of the harness that drives an engine."""

    def run(folder: Path) -> Json:
        with start_engine(folder, "--quiet") as engine:
            return run_harness(*arguments, "--endpoint", engine.endpoint, "--pid", str(engine.pid))

    return run


def starting_engines(*arguments: str) -> Run:
    """Return a measure of the harness that starts engines itself."""

    def run(folder: Path) -> Json:
        port = free_port()
        command = shlex.join(engine_command(folder, port, "--quiet"))
        return run_harness(*arguments, "--endpoint", f"http://127.0.0.1:{port}", "--start-cmd", command)

    return run


def beside_floor(run: Run) -> Run:
    """Return a measure that also has the figure `floor`: the mean of the floors right before and after it."""

    def measured(folder: Path) -> Json:
        before = durable_floor(folder.with_suffix(".before"))
        result = run(folder)
        after = durable_floor(folder.with_suffix(".after"))
        return result | {"floor": (before["req_per_s"] + after["req_per_s"]) / 2}

    return measured


def durable_floor(folder: Path) -> Json:
    """Measure the requests per second of a server that only stores each request durably."""
    folder.mkdir()
    port = free_port()
    command = (
        f"-m uvicorn floor_app:durable --loop uvloop --http httptools --port {port} --no-access-log --log-level error"
    )
    environment = {**os.environ, "FLOOR_DB": str(folder / "floor.db"), "PYTHONDONTWRITEBYTECODE": "1"}
    server = subprocess.Popen([sys.executable, *command.split()], cwd=FOLDER, env=environment)
    try:
        wait_until_listens(port, server)
        endpoint = f"http://127.0.0.1:{port}"
        return run_harness("floor-http", *CONNECTIONS, "--endpoint", endpoint, "--pid", str(server.pid))
    finally:
        server.terminate()
        server.wait()


def missing_docker() -> str | None:
    """Return why nothing can be measured with containers, or None."""
    command = ["docker", "image", "inspect", IMAGE]
    try:
        done = subprocess.run(
            command, capture_output=True, env=harness_environment(), timeout=DOCKER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "no Docker answers"
    if done.returncode == 0:
        return None
    return f"Docker has no image {IMAGE}" if b"No such image" in done.stderr else "no Docker answers"


def harness_environment() -> dict[str, str]:
    """Return the variables of the harness."""
    return {"DOCKER_HOST": "unix:///var/run/docker.sock", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def run_harness(*arguments: str) -> Json:
    """Run one measure of the harness, and return its figures; raise if there are none."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / "bench.py"), *arguments],
        capture_output=True,
        text=True,
        env=harness_environment(),
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    result = json.loads(lines[-1]) if lines else {"failed": done.stderr[-300:]}
    if "failed" in result:
        raise RuntimeError(result["failed"])
    return result
