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
from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import dumps
from lamplighter.base.world import real_world
from lamplighter.cli.images import build_context
from lamplighter.cli.images.build_context import InvalidBuildContext
from lamplighter.cli.job_file import DEFAULT_JOB_FILE, EnvironmentOption, FileArgument, group_problems, print_problems
from lamplighter.cli.local_secrets import ENV_FILE_NAME, LocalSecrets
from lamplighter.jobs.file.load import LoadedJobFile, load_job_file
from lamplighter.jobs.file.parsing.yaml_document import JobFileError, Problem, Severity
from lamplighter.jobs.lint.denied_jobs import denied_jobs
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.lint.machine_access import missing_folders
from lamplighter.jobs.lint.missing_secrets import missing_addresses, missing_secrets
from lamplighter.jobs.stack.built_images import built_images


def lint(
    file: FileArgument = DEFAULT_JOB_FILE,
    environment: EnvironmentOption = None,
    here: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--here", help="Leave out what concerns AWS alone, as `target: box` in the file does.")
    ] = False,
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
            *lint_job_file(loaded, real_world().now(), "box" if here else loaded.project.target),
            *denied_jobs(loaded, _parse_deny(deny)),
            *_folder_problems(loaded),
            *_image_problems(loaded),
            *_secret_problems(loaded, file.absolute().parent / ENV_FILE_NAME),
        ]
    except JobFileError as error:
        problems = error.problems
    if json:
        for each in problems:
            typer.echo(dumps(_problem_document(each)))
    else:
        grouped = group_problems(problems)
        print_problems(grouped)
        typer.echo(_format_summary(grouped), err=True)
    failing = {"error", "warning"} if strict else {"error"}
    raise typer.Exit(1 if any(each.severity in failing for each in problems) else 0)


def _parse_deny(deny: str) -> frozenset[str]:
    try:
        return deny_rules.parse_deny_list(deny)
    except deny_rules.UnknownDenyWord as error:
        raise typer.BadParameter(f"--deny: {error}") from None


def _folder_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield a problem for each folder that a job mounts and that this machine does not have."""
    for each in missing_folders(loaded.project, loaded.folder.absolute()):
        position = loaded.position_of("jobs", each.job, "volumes", key=True)
        yield Problem(position, f"{each.job}: on this machine {each.problem}", each.advice, "info")


def _image_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield a problem for each image that is a path without a folder from which it can be built."""
    for each in built_images(loaded.project):
        try:
            build_context.check_folder(loaded.folder.absolute() / each.folder)
        except InvalidBuildContext as error:
            advice = "a path names a folder with a Dockerfile; an image to pull has none: image: python:3.13-slim"
            position = loaded.position_of("jobs", each.job, "image", key=True)
            yield Problem(position, f"{each.title}: no image can be built from {each.folder}: {error}", advice)


def _secret_problems(loaded: LoadedJobFile, env: Path) -> Iterator[Problem]:
    """Yield a problem for each secret that this machine does not hold for the place that the job file names.

    If `.env` cannot be read, yield its problems instead: without it, `lint` does not know which secrets exist.
    """
    secrets = LocalSecrets(os.environ)
    try:
        secrets.read(env)
    except JobFileError as error:
        yield from error.problems
        return
    for each in missing_secrets(loaded.project, secrets):
        severity: Severity = "warning" if each.sharing_references else "info"
        position = loaded.position_of("jobs", each.job, each.section, key=True)
        exception = "" if each.found_by_variable else ", unless the engine stores it"
        message = f"{each.job}: on this machine {each.problem}{exception}"
        yield Problem(position, message, each.advice(str(env)), severity)
    for address in missing_addresses(loaded.project, secrets):
        position = loaded.position_of(*address.path, key=True)
        yield Problem(position, f"on this machine {address.problem}", address.advice(str(env)), "info")


def _problem_document(problem: Problem) -> dict[str, str | int]:
    return {
        "severity": problem.severity,
        **asdict(problem.position),
        "message": problem.message,
        "advice": problem.advice,
    }


def _format_summary(problems: list[Problem]) -> str:
    counts = {name: sum(each.severity == name for each in problems) for name in ("error", "warning", "info")}
    words = [format_count(count, name, "info" if name == "info" else "") for name, count in counts.items() if count]
    return ", ".join(words) or "no problems found"
