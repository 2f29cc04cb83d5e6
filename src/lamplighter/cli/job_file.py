"""Read the job file for a command, and print its problems."""

import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from lamplighter.base.count_text import join_names
from lamplighter.base.group_items import group_items
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem
from lamplighter.jobs.names import JOB_FILE_NAME

COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}

FileArgument = Annotated[Path, typer.Argument(help="The job file.", dir_okay=False)]
EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", "-e", help="The environment of the job file to use.", show_default=False)
]
DEFAULT_JOB_FILE = Path(JOB_FILE_NAME)


def read_job_file(file: Path, environment: str | None) -> LoadedJobFile:
    """Read a job file; if it has errors, print them and end the command with exit code 1."""
    try:
        return load_job_file(file, environment)
    except JobFileError as error:
        print_problems(error.problems)
        raise typer.Exit(1) from None


MIN_GROUPED_JOBS = 3
"""The number of jobs with the same finding from which on the finding is printed only once."""


def group_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Merge equal problems of several jobs into one, which stands at the first of them and names the jobs."""
    listed = list(problems)
    alike = group_items(listed, _group_key)
    shown = list[Problem]()
    for each in listed:
        same = alike[_group_key(each)]
        if len(same) < MIN_GROUPED_JOBS or not each.message.partition(": ")[2]:
            shown.append(each)
        elif each is same[0]:
            names = join_names([other.message.partition(": ")[0] for other in same])
            shown.append(replace(each, message=f"{names}: {each.message.partition(': ')[2]}"))
    return shown


def _group_key(problem: Problem) -> tuple[str, str, str]:
    """Return the key that equal problems share: the severity, the message without the job's name, and the advice."""
    return problem.severity, problem.message.partition(": ")[2], problem.advice


def print_problems(problems: Iterable[Problem]) -> None:
    """Print problems on standard error."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for each in problems:
        console.print(_problem_text(each))


def format_problems(problems: Iterable[Problem], *, colours: bool) -> str:
    """Return problems as lines of text, as `print_problems` prints them, with or without a terminal's colours."""
    console = Console(file=io.StringIO(), force_terminal=colours, no_color=not colours, soft_wrap=True, highlight=False)
    with console.capture() as captured:
        for each in problems:
            console.print(_problem_text(each))
    return captured.get().rstrip("\n")


def _problem_text(problem: Problem) -> Text:
    return Text.assemble(
        (f"{problem.position}: ", "bold"), (f"{problem.severity}: ", COLOURS[problem.severity]), problem.message,
        ("\n    " + problem.advice, "dim"),
    )  # fmt: skip
