"""Run `lamplighter lint`: report what is wrong or doubtful in a job file.

Exit codes: 0 there are no errors, although there may be warnings; 1 there are errors, or warnings with --strict.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lamplighter.base import deny_rules
from lamplighter.base.json_text import dumps
from lamplighter.base.world import real_world
from lamplighter.cli.job_file import USUAL, EnvironmentOption, FileArgument, group_problems, print_problems
from lamplighter.cli.up.secrets import USUAL_NAME, Secrets
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.yaml_document import JobFileError, Problem, Severity
from lamplighter.jobs.lint.denied_jobs import denied_jobs
from lamplighter.jobs.lint.held_secrets import missing_secrets
from lamplighter.jobs.lint.lint import lint_job_file as judge


def lint(
    file: FileArgument = USUAL,
    environment: EnvironmentOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,  # noqa: FBT002
    deny: Annotated[
        str,
        typer.Option(metavar="LIST", help="Features that the engine denies, as in `up --deny`.", show_default=False),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, one per line.")] = False,  # noqa: FBT002
) -> None:
    """Check a job file: report everything that is wrong or doubtful, with its line and what to write instead."""
    try:
        loaded = load_job_file(file, environment)
        problems = [
            *judge(loaded, real_world().now()),
            *denied_jobs(loaded, _words(deny)),
            *_secrets(loaded, file.absolute().parent / USUAL_NAME),
        ]
    except JobFileError as error:
        problems = error.problems
    if json:
        for each in problems:
            typer.echo(dumps(_flat(each)))
    else:
        print_problems(group_problems(problems))
        typer.echo(_summary(problems), err=True)
    bad = {"error", "warning"} if strict else {"error"}
    raise typer.Exit(1 if any(each.severity in bad for each in problems) else 0)


def _words(deny: str) -> frozenset[str]:
    try:
        return deny_rules.parse_deny_list(deny)
    except deny_rules.UnknownDenyWord as error:
        raise typer.BadParameter(str(error)) from None


def _secrets(loaded: LoadedJobFile, env: Path) -> Iterator[Problem]:
    """Yield a problem for each secret that this machine does not hold for the place that the job file names.

    If `.env` cannot be read, yield its problems instead: without it, `lint` does not know which secrets exist.
    """
    secrets = Secrets(os.environ)
    try:
        secrets.read(env)
    except JobFileError as error:
        yield from error.problems
        return
    for each in missing_secrets(loaded.project, secrets):
        severity: Severity = "warning" if each.shared else "info"
        place = loaded.place("jobs", each.job, each.section, key=True)
        yield Problem(place, f"{each.job}: on this machine {each.says}", each.advice(str(env)), severity)


def _flat(problem: Problem) -> dict[str, str | int]:
    return {
        "severity": problem.severity,
        **asdict(problem.place),
        "message": problem.message,
        "instead": problem.instead,
    }


def _summary(problems: list[Problem]) -> str:
    counts = {name: sum(each.severity == name for each in problems) for name in ("error", "warning", "info")}
    words = [f"{count} {name}{'s' if count > 1 and name != 'info' else ''}" for name, count in counts.items() if count]
    return ", ".join(words) or "no problems found"
