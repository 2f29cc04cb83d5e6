"""Check a job file before it is deployed: whether AWS can run it, and what lint says."""

import typer

from lamplighter.base.errors import LamplighterError
from lamplighter.base.world import real_world
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.job_file import group_problems, print_problems
from lamplighter.cli.target import Target
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.parsing.yaml_document import Problem
from lamplighter.jobs.lint.lint import lint_job_file


class NotForAws(LamplighterError):
    """The job file is for a box, or has a job without an image, which AWS cannot run."""


def lint_for(loaded: LoadedJobFile, target: Target) -> list[Problem]:
    """Print errors and warnings, and end the command on an error; return what the user has to do after a deployment."""
    is_engine = is_lamplighter(target.endpoint)
    problems = lint_job_file(loaded, real_world().now(), loaded.project.target if is_engine else "aws")
    print_problems(group_problems(each for each in problems if each.severity != "info"))
    if any(each.severity == "error" for each in problems):
        raise typer.Exit(1)
    return [each for each in problems if each.severity == "info" and not is_engine]


def check_fits_aws(loaded: LoadedJobFile) -> None:
    """Raise `NotForAws` for a job file that AWS cannot run."""
    if loaded.project.target == "box":
        raise NotForAws("the job file is for a box: remove `target: box`, or run the jobs with `lamplighter up`")
    jobs = [name for name, job in loaded.project.jobs.items() if job.image is None and job.workflow is None]
    if jobs:
        raise NotForAws(f"AWS can only run jobs with an image: add `image:` to {', '.join(jobs)}")
