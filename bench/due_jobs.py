"""Measure how late jobs begin that are due at the same time: a job file gives them the same cron expression.

Each job is a plain process that writes the time, so its start counts, not what the engine says about it.
"""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.engine_process import EngineProcess, start_engine
from lamplighter.base.json_text import Json

APPLY_SECONDS = 20
"""The least time between the file and the minute in which the jobs are due."""
PATIENCE_SECONDS = 30
"""How late the last job may be."""


def measure(folder: Path, jobs: int) -> Json:
    """Return how many seconds late the jobs began."""
    due = (int(time.time()) + APPLY_SECONDS) // 60 * 60 + 60
    folder.mkdir()
    file = folder / "lamplighter.yaml"
    file.write_text(job_file(jobs, datetime.fromtimestamp(due, UTC)))
    with start_engine(folder / "data", "--quiet", folder=folder) as engine:
        _wait_until_applied(engine, due)
        late = sorted(each - due for each in _wait_for_start_times(folder, jobs, due + PATIENCE_SECONDS))
    return {"p50": late[len(late) // 2], "p99": late[len(late) * 99 // 100], "first": late[0]}


def job_file(jobs: int, due: datetime) -> str:
    """Return the text of a job file whose jobs are all due in one minute."""
    lines = (
        f'  job-{number}: {{command: "date +%s.%N >job-{number}.start", '
        f'schedule: "cron({due.minute} {due.hour} * * ? *)"}}\n'
        for number in range(jobs)
    )
    return "project: bench\njobs:\n" + "".join(lines)


def _wait_until_applied(engine: EngineProcess, due: int) -> None:
    stacks = engine.client("cloudformation")
    while time.time() < due:
        if [each["StackStatus"] for each in stacks.describe_stacks()["Stacks"]] == ["CREATE_COMPLETE"]:
            return
        time.sleep(0.2)
    raise RuntimeError("the job file was not applied in time")


def _wait_for_start_times(folder: Path, jobs: int, deadline: float) -> list[float]:
    while len(found := read_start_times(folder)) < jobs:
        if time.time() > deadline:
            raise RuntimeError(f"{len(found)} of {jobs} jobs began")
        time.sleep(0.5)
    return found


def read_start_times(folder: Path) -> list[float]:
    """Return the times that jobs have written so far, in seconds since the epoch."""
    texts = (path.read_text() for path in folder.glob("job-*.start"))
    return [float(text) for text in texts if re.fullmatch(r"[0-9]+\.[0-9]{9}\n", text)]
