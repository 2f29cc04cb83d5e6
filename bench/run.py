"""Run the benchmark beside this project against an engine of our own, and print the table beside the peers'.

`../shared/bench/bench.py` is the harness; its README holds what the peers reach. Quote ratios that are taken within one
run: the machine may be noisy.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[2] / "shared" / "bench" / "bench.py"
PORT = 4799
ENDPOINT = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: how it is measured, what it is, what the best peer reaches, what we aim at."""

    name: str
    arguments: tuple[str, ...]
    figure: Callable[[Any], str]
    best_peer: str
    aim: str


FAILING = (
    "--resource", "arn:aws:states:::aws-sdk:ecs:stopTask", "--parameters", '{"Cluster":"missing","Task":"missing"}'
)  # fmt: skip
MEASURES = (
    Measure(
        "pass10: executions/s, each on disk before it is acknowledged",
        ("pass10", "--n", "4000", "-c", "16"),
        lambda r: f"{r['exec_per_s']:.0f}",
        "693 (in memory)",
        "3000",
    ),
    Measure(
        "wait, 10,000 executions: KiB of memory each; threads",
        ("wait", "--n", "10000"),
        lambda r: f"{r['rss_kib_per_exec']}; {r['threads_after']}",
        "22; 10005",
        "under 1; a few",
    ),
    Measure(
        "express sync, 8 connections: executions/s",
        ("express-sync", "--n", "4000"),
        lambda r: f"{r['exec_per_s']:.0f}",
        "51",
        "3000",
    ),
    Measure(
        "map 1000, JSONPath: wall s",
        ("map1000", "--language", "JSONPath"),
        lambda r: f"{r['wall_s']}",
        "1.72",
        "0.25",
    ),
    Measure(
        "map 1000, JSONata: wall s",
        ("map1000", "--language", "JSONata"),
        lambda r: f"{r['wall_s']}",
        "2.63",
        "0.25",
    ),
    Measure(
        "at(), 1,000 schedules due in one second: late s p50 / p99",
        ("schedule", "--k", "1000", "--kinds", "at", "--delay", "30"),
        lambda r: f"{r['at']['late_s']['p50']} / {r['at']['late_s']['p99']}",
        "5.91 / 5.92 (20 schedules)",
        "p99 under 1",
    ),
    Measure(
        "retry, 100 at once: late ms p50 / p99",
        ("retry", "--n", "100", *FAILING),
        lambda r: f"{r['late_ms']['p50']} / {r['late_ms']['p99']}",
        "0.0 / 2",
        "",
    ),
    Measure(
        "a container: ratio to `docker run` beside it",
        ("ecs", "--runs", "20", "--parallel", "0"),
        lambda r: f"{r['seq']['ratio_p50_paired']}",
        "1.59",
        "1.15",
    ),
    Measure(
        "50 containers at once: ratio to 50 `docker run`",
        ("ecs", "--runs", "3", "--parallel", "50"),
        lambda r: f"{r['par']['ratio']}",
        "1.00",
        "",
    ),
    Measure(
        "`exit 3` ends",
        ("ecs", "--runs", "1", "--parallel", "0"),
        lambda r: f"{r['fail']['status']} {r['fail']['error']}",
        "SUCCEEDED",
        "FAILED States.TaskFailed",
    ),
)


def main() -> int:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("-k", default="", help="only figures whose name contains this")
    arguments.add_argument("--image", default="lamplighter-test:latest", help="an image with `true` and `sh`")
    options = arguments.parse_args()
    if not BENCH.exists():
        print(f"the benchmark is not beside this project ({BENCH})", file=sys.stderr)
        return 1
    print("| figure | here | best peer | aim |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder:
        for number, measure in enumerate(MEASURES):
            if options.k in measure.name:
                print(row(measure, Path(folder) / str(number), options.image), flush=True)
        if options.k in "restart, cold start":
            for line in processes(Path(folder)):
                print(line, flush=True)
    return 0


def row(measure: Measure, data: Path, image: str) -> str:
    """One line of the table."""
    server = subprocess.Popen([*command(data)], stderr=subprocess.DEVNULL)
    try:
        wait_until_up()
        result = bench(*measure.arguments, "--endpoint", ENDPOINT, "--pid", str(server.pid), *image_of(measure, image))
    finally:
        server.terminate()
        server.wait()
    try:
        shown = measure.figure(result)
    except (KeyError, TypeError):
        shown = f"failed: {json.dumps(result)[:160]}"
    return f"| {measure.name} | {shown} | {measure.best_peer} | {measure.aim} |"


def image_of(measure: Measure, image: str) -> tuple[str, ...]:
    """The harness asks for an image only where it runs containers."""
    return ("--image", image) if measure.arguments[0] == "ecs" else ()


def processes(folder: Path) -> list[str]:
    """The figures for which the harness starts the server itself."""
    start = " ".join(command(folder / "restart"))
    restart = bench("restart", "--endpoint", ENDPOINT, "--start-cmd", start)
    start = " ".join(command(folder / "cold"))
    cold = bench("coldstart", "--endpoint", ENDPOINT, "--start-cmd", start)
    return [
        f"| restart, kill -9: SUCCEEDED of 100 | {restart.get('succeeded', restart)} | 0 | 100 |",
        f"| cold start: s to the first answer | {cold.get('median_s', cold)} | 0.53 | |",
    ]


def command(data: Path) -> list[str]:
    """How the engine is started."""
    return [sys.executable, "-m", "lamplighter", "up", "--port", str(PORT), "--data", str(data), "--quiet"]


def wait_until_up() -> None:
    """Return when the port answers."""
    for _ in range(200):
        found = subprocess.run(["ss", "-ltn", f"sport = :{PORT}"], capture_output=True, text=True, check=False)
        if re.search(rf":{PORT}\b", found.stdout):
            return
        time.sleep(0.05)
    raise SystemExit("the engine did not start")


def bench(*arguments: str) -> Any:
    """One run of the harness."""
    environment = {**os.environ, "DOCKER_HOST": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")}
    done = subprocess.run(
        [sys.executable, str(BENCH), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"failed": done.stderr[-300:]}


if __name__ == "__main__":
    sys.exit(main())
