"""Define the arguments JOB and RUN of commands, which a shell completes with the jobs of this folder's job file."""

from typing import Annotated

import typer

from lamplighter.cli.job_file import DEFAULT_JOB_FILE
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.parsing.yaml_document import JobFileError


def complete_jobs(incomplete: str) -> list[str]:
    """Return the jobs whose names begin with a text; return none if the job file is missing or broken."""
    try:
        return [name for name in load_job_file(DEFAULT_JOB_FILE).project.jobs if name.startswith(incomplete)]
    except JobFileError:
        return []


JobArgument = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="A job, the name or ARN of a state machine, or the family of the tasks that a schedule or rule starts.",
        autocompletion=complete_jobs,
    ),
]
AnyJobArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB",
        help="A job, the name or ARN of a state machine, or the family of the tasks that a schedule or rule starts. "
        "Default: all jobs.",
        autocompletion=complete_jobs,
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run by its ARN or name, JOB for its latest run, or JOB:NAME; a task by its ARN or id, FAMILY, or "
        "FAMILY:ID.",
        autocompletion=complete_jobs,
    ),
]
FollowOption = Annotated[
    bool,
    typer.Option(
        "--follow",
        "-f",
        help="Follow the run, and exit with its result: 0 succeeded, 1 failed, 3 timed out, 4 stopped. "
        "Ctrl-C does not stop it.",
    ),
]
