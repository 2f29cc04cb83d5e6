"""What `lint` and the template cost grows in proportion to the number of jobs; calls are counted, not seconds."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from bench.many_jobs import job_file

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.deploy.comparison.changes import compare_resources
from lamplighter.cli.deploy.comparison.resolved_template import resolve_resources
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.stack.name_clashes import find_clashes
from lamplighter.jobs.stack.nested_stacks import join_templates, keep_parts, limit_step, split_template
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


def test_twice_as_many_jobs_cost_a_changed_line_on_aws_twice_as_many_calls(tmp_path: Path) -> None:
    def change_line(before: Json, after: Json) -> None:
        split = split_template(before)
        deployed = join_templates(split.root, split.nested)
        after = limit_step(keep_parts(after, deployed), deployed)
        find_clashes(after, deployed, before)
        changes = compare_resources(resolve_resources(deployed, {}), resolve_resources(after, {}), metadata=False)
        assert len(changes) == 1
        split_template(after)

    def templates(jobs: int) -> tuple[Json, Json]:
        file = write_job_file(tmp_path / str(jobs), jobs)
        before = build_template(load_job_file(file).project, "aws")
        file.write_text(file.read_text().replace("NUMBER: n3}", "NUMBER: changed}"))
        return before, build_template(load_job_file(file).project, "aws")

    change_line(*templates(12))
    few, many = (count_calls(partial(change_line, *templates(jobs))) for jobs in (SMALL, LARGE))
    assert few * 1.5 < many < few * 2.2


def test_twice_as_many_jobs_cost_the_template_of_aws_twice_as_many_calls(tmp_path: Path) -> None:
    small, large = (load_job_file(write_job_file(tmp_path / str(jobs), jobs)) for jobs in (SMALL, LARGE))
    build_template(load_job_file(write_job_file(tmp_path / "first", 12)).project, "aws")
    few, many = (count_calls(partial(build_template, each.project, "aws")) for each in (small, large))
    assert few * 1.5 < many < few * 2.2
