"""Measure what `up` does when one line of a large job file changes: how long until it is applied, and who waits.

The file counts as applied when `up` says that the engine agrees with it. Meanwhile another client lists the state
machines every ten milliseconds. An engine tells its longest turn since its start. So the engine is started anew before
the change, and if the change has no longer turn than that start, its longest turn is only known to be at most as long.
"""

import asyncio
import time
from pathlib import Path

from bench.engine_process import EngineProcess, processor_seconds, read_metric, start_engine
from bench.http_client import Connection, open_connections, run_loop
from lamplighter.base.json_text import Json

PROBE_SECONDS = 0.01
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 180
IDLE_SECONDS = 2.0
"""The engine has to be idle before the change; so long after it agrees with the file it is."""
LONGEST_TURN = "lamplighter_longest_turn_seconds"
APPLIED = "bench agrees with"
BEFORE, AFTER = "--month january", "--month february"


def measure(folder: Path, jobs: int) -> Json:
    """Return seconds until a change is applied, the longest turn and the slowest probe."""
    folder.mkdir()
    file, data, log = folder / "lamplighter.yaml", folder / "data", folder / "log"
    file.write_text(job_file(jobs))
    with start_engine(data, folder=folder, log=log):
        _wait_until_applied(log, times=1)
    with start_engine(data, folder=folder, log=log) as engine:
        _wait_until_applied(log, times=1)
        time.sleep(IDLE_SECONDS)
        return run_loop(_measure(engine, file, log))


def job_file(jobs: int) -> str:
    """Return the text of a job file; only one job has the words of `BEFORE`."""
    head = """project: bench
channels:
  ops: {email: ops@example.com}
  night: {email: night@example.com}
defaults:
  notify: {run-failed: [ops, night], did-not-start: ops, late: ops, attempt-failed: night}
jobs:
"""
    return head + "".join(
        f"""  report-{number}:
    image: registry.example.com/reports:{number}
    command: python report.py {BEFORE if number == jobs // 2 else "--month all"}
    schedule: cron({number % 60} {number % 24} * * ? *)
    retry: {{attempts: 3, interval: 10s, infra: {{attempts: 5}}}}
    timeout: 1h
    late: 2h
"""
        for number in range(jobs)
    )


async def _measure(engine: EngineProcess, file: Path, log: Path) -> Json:
    used, longest_before = processor_seconds(engine.pid), read_metric(engine, LONGEST_TURN)
    async with open_connections(engine, 1) as (connection,):
        probes: list[float] = []
        probing = asyncio.create_task(_probe(connection, probes))
        seconds = await asyncio.to_thread(_change_line, file, log)
        probing.cancel()
    longest = read_metric(engine, LONGEST_TURN)
    return {
        "seconds": seconds,
        "processor_seconds": processor_seconds(engine.pid) - used,
        "longest_turn_ms": longest * 1000,
        "longest_turn_is_a_bound": longest == longest_before,
        "slowest_probe_ms": max(probes) * 1000,
    }


def _change_line(file: Path, log: Path) -> float:
    """Change the file, and return the seconds until that is applied."""
    file.write_text(file.read_text().replace(BEFORE, AFTER))
    return _wait_until_applied(log, times=2)


async def _probe(connection: Connection, probes: list[float]) -> None:
    """Record how long each request takes, until cancelled."""
    while True:
        started = time.perf_counter()
        await connection.call("states", "ListStateMachines", {"maxResults": 10})
        probes.append(time.perf_counter() - started)
        await asyncio.sleep(PROBE_SECONDS)


def _wait_until_applied(log: Path, times: int) -> float:
    """Return the seconds until the log says so many times that the file is applied."""
    started = time.perf_counter()
    while log.read_text().count(APPLIED) < times:
        if time.perf_counter() - started > PATIENCE_SECONDS:
            raise RuntimeError(f"the job file was not applied: {log.read_text()[-500:]}")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - started
