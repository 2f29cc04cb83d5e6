"""Measure what a job file of many jobs costs, in processor time: `lint`, and `up` until the file is applied first.

Each measure has a small and a large file, because the cost has to grow in proportion to the number of jobs.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from bench.engine_process import memory_mib, processor_seconds, start_engine
from lamplighter.base.json_text import Json

PATIENCE_SECONDS = 600
POLL_SECONDS = 0.1
APPLIED = "bench agrees with"
HEAD = """project: bench
channels:
  ops: {email: ops@example.com}
  night: {email: night@example.com}
defaults: {timeout: 1h, notify: {run-failed: ops, did-not-start: ops}}
jobs:
"""
KINDS = (
    "schedule: 'cron({minute} {hour} * * ? *)'",
    (
        "schedule: 'cron({minute} {hour} * * ? *)', late: 2h, retry: {{attempts: 3, interval: 10s}}, "
        "notify: {{run-failed: ops, did-not-start: ops, late: ops}}"
    ),
    "schedule: 'cron({minute} {hour} ? * MON-FRI *)', timezone: Europe/Berlin, memory: 512",
    "schedule: 'cron({minute} {hour} * * ? *)', overlap: skip, environment: {{NUMBER: n{number}}}",
    (
        "schedule: 'cron({minute} {hour} 1 * ? *)', timezone: Asia/Seoul, "
        "notify: {{run-failed: [ops, night], attempt-failed: night, recovered: ops}}"
    ),
    "schedule: 'cron({minute} {hour} ? * SUN *)', timezone: America/New_York, image: 'registry.example.com/report:1'",
)
"""The settings of the jobs, in turn."""


def job_file(jobs: int) -> str:
    """Return the text of a job file with all kinds of jobs."""
    return HEAD + "".join(map(_job_line, range(jobs)))


def _job_line(number: int) -> str:
    settings = KINDS[number % len(KINDS)].format(number=number, minute=number % 60, hour=number // 60 % 24)
    return f"  job-{number}: {{command: echo {number}, {settings}}}\n"


def measure_lint(folder: Path, sizes: Sequence[int]) -> Json:
    """Return the processor seconds of `lint` for each number of jobs."""
    return [_measure_lint(folder / str(jobs), jobs) for jobs in sizes]


def _measure_lint(folder: Path, jobs: int) -> float:
    _write_job_file(folder, jobs)
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "lamplighter", "lint"], cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:  # jobs without an image count in no quota of AWS, so the file has no error
        raise RuntimeError((done.stdout + done.stderr).decode())
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_first_up(folder: Path, sizes: Sequence[int]) -> Json:
    """Return processor seconds and MiB of a new engine that has applied its file, for each number of jobs."""
    return [_measure_first_up(folder / str(jobs), jobs) for jobs in sizes]


def show_first_up(result: Json) -> str:
    """Show the processor time and the memory of each number of jobs."""
    seconds, mib = (" / ".join(f"{each[name]:.1f}" for each in result) for name in ("processor_seconds", "pss_mib"))
    return f"{seconds}; {mib}"


def _measure_first_up(folder: Path, jobs: int) -> Json:
    _write_job_file(folder, jobs)
    log = folder / "log"
    with start_engine(folder / "data", folder=folder, log=log) as engine:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while APPLIED not in log.read_text():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the job file was not applied: {log.read_text()[-500:]}")
            time.sleep(POLL_SECONDS)
        return {"processor_seconds": processor_seconds(engine.pid), "pss_mib": memory_mib(engine.pid, "Pss")}


def _write_job_file(folder: Path, jobs: int) -> None:
    folder.mkdir(parents=True)
    folder.joinpath("lamplighter.yaml").write_text(job_file(jobs))
