"""What `lint` and the template cost grows in proportion to the number of jobs; calls are counted, not seconds."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from bench.many_jobs import job_file

from lamplighter.base.json_text import dumps
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.stack.template import build_template

FLOW = {"StartAt": "Run", "States": {"Run": {"Type": "Task", "Job": "job-0", "End": True}}}
SMALL, LARGE = 150, 300
"""Numbers of jobs below and above the size of a cache of 256 entries."""


def write_job_file(folder: Path, jobs: int) -> Path:
    """Write a job file with plain jobs of all kinds, and one workflow for every five of them."""
    folder.mkdir()
    folder.joinpath("flow.asl.json").write_text(dumps(FLOW))
    flows = (f"  flow-{at}: {{workflow: flow.asl.json, deadline: 1h}}\n" for at in range(jobs // 5))
    file = folder / "lamplighter.yaml"
    file.write_text(job_file(jobs) + "".join(flows))
    return file


def count_calls(work: Callable[[], object]) -> int:
    """Return how many functions of Python are called."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_twice_as_many_jobs_cost_lint_twice_as_many_calls(tmp_path: Path) -> None:
    small, large = (load_job_file(write_job_file(tmp_path / str(jobs), jobs)) for jobs in (SMALL, LARGE))
    lint_job_file(load_job_file(write_job_file(tmp_path / "first", 12)))  # fills what is kept for each process
    few, many = (count_calls(partial(lint_job_file, each)) for each in (small, large))
    assert few * 1.5 < many < few * 2.2


def test_twice_as_many_jobs_cost_the_template_of_the_engine_twice_as_many_calls(tmp_path: Path) -> None:
    small, large = (load_job_file(write_job_file(tmp_path / str(jobs), jobs)) for jobs in (SMALL, LARGE))
    build_template(load_job_file(write_job_file(tmp_path / "first", 12)).project, "here")
    few, many = (count_calls(partial(build_template, each.project, "here")) for each in (small, large))
    assert few * 1.5 < many < few * 2.2
